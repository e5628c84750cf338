-- Webhooks that can take nothing leave the ready set, others come back. ARGV: mark, applied, then webhook and 1 or 0.
local refused, applied, mark = gate(true)
if refused then return refused end
guard(T .. ':r', 'zset')
guard(T .. ':o', 'set')
for i = 3, #ARGV, 2 do
    call(ARGV[i + 1] == '1' and 'SREM' or 'SADD', T .. ':o', ARGV[i])
    guard(queue_of(ARGV[i]), 'zset')
    place(ARGV[i])
end
return {'ok', applied, mark, aside, next_due(), now_ms()}
