-- The webhooks that come first, with their due times. Reads only. ARGV: how many.
local applied, mark = head()
if not applied then return {'newer', NONE, NONE} end
local first = call('ZRANGE', guard(T .. ':r', 'zset'), 0, tonumber(ARGV[1]) - 1, 'WITHSCORES')
for i = 2, #first, 2 do first[i] = due_of(first[i]) end
return {'ok', applied, mark, aside, first[2] or '-1', now_ms(), first}
