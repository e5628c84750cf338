-- A new owner: its mark shuts out every former one; the larger wins. What the former one had switched off may send again
-- until the new one says otherwise. ARGV: mark.
local applied, mark = head()
if not applied then return {'newer', NONE, NONE} end
local mine = tonumber(ARGV[1])
if mark > mine then return {'fenced', applied, mark} end
call('HSET', T .. ':m', 'mark', mine, 'format', FORMAT)
guard(T .. ':r', 'zset')
local off = call('SMEMBERS', guard(T .. ':o', 'set'))
call('DEL', T .. ':o')
for _, webhook in ipairs(off) do
    guard(queue_of(webhook), 'zset')
    place(webhook)
end
return {'ok', applied, mine, aside, next_due(), due_of(call('HGET', T .. ':m', 'seen')), call('HLEN', guard(T .. ':p', 'hash')),
    call('HLEN', guard(T .. ':s', 'hash'))}
