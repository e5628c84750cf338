// A receiver by the book: npm standardwebhooks verifies. Argument: the folder whose node_modules holds it.
// Prints its port, then one JSON line for each POST.
import { createRequire } from "node:module";
import { createServer } from "node:http";

const { Webhook } = createRequire(process.argv[2] + "/")("standardwebhooks");
let secret = null;

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks);
    if (request.url === "/secret") {
      secret = body.toString();
      response.end();
      return;
    }
    const line = { path: request.url, id: request.headers["webhook-id"], verified: true };
    try {
      new Webhook(secret).verify(body.toString(), request.headers);
    } catch (error) {
      line.verified = false;
      line.error = String(error);
    }
    console.log(JSON.stringify(line));
    response.statusCode = line.verified ? 200 : 401;
    response.end();
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
