-- How many wait, are held, are dead, a webhook. Reads only. ARGV: nothing.
local applied, mark = head()
if not applied then return {'newer', NONE, NONE} end
guard(T .. ':c', 'hash')
local rows = {}
for _, webhook in ipairs(call('SMEMBERS', guard(T .. ':w', 'set'))) do
    local kept = call('HMGET', T .. ':c', webhook .. '/2', webhook .. '/3')
    local first = call('ZRANGE', guard(queue_of(webhook), 'zset'), 0, 0, 'WITHSCORES')
    local held, dead = tonumber(kept[1] or 0), tonumber(kept[2] or 0)
    -- Not the queue's length: of an ordered subject only the first stands there.
    local parked = math.max(0, call('HLEN', guard(entries_of(webhook), 'hash')) - held - dead)
    rows[#rows + 1] = {webhook, parked, held, dead, first[2] or '-1'}
end
local kept_aside = call('HLEN', guard(T .. ':x', 'hash'))
return {'ok', applied, mark, aside, next_due(), now_ms(), rows, kept_aside}
