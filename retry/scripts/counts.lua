-- How many wait, are held, are dead, a webhook, and from where it is spilled. Reads only. ARGV: nothing.
local applied, mark = head()
if not applied then return {'newer', NONE, NONE} end
guard(T .. ':c', 'hash')
local rows = {}
local names, spilled = call('SMEMBERS', guard(T .. ':w', 'set')), call('HGETALL', guard(T .. ':s', 'hash'))
local from = {}
for i = 1, #spilled, 2 do
    from[spilled[i]] = due_of(string.match(spilled[i + 1], '^%d+'))
    if call('SISMEMBER', T .. ':w', spilled[i]) == 0 then names[#names + 1] = spilled[i] end
end
for _, webhook in ipairs(names) do
    local kept = call('HMGET', T .. ':c', webhook .. '/2', webhook .. '/3')
    local first = call('ZRANGE', guard(queue_of(webhook), 'zset'), 0, 0, 'WITHSCORES')
    local held, dead = tonumber(kept[1] or 0), tonumber(kept[2] or 0)
    -- Not the queue's length: of an ordered subject only the first stands there.
    local parked = math.max(0, call('HLEN', guard(entries_of(webhook), 'hash')) - held - dead)
    rows[#rows + 1] = {webhook, parked, held, dead, due_of(first[2]), from[webhook] or '-1'}
end
local kept_aside = call('HLEN', guard(T .. ':x', 'hash'))
return {'ok', applied, mark, aside, next_due(), now_ms(), rows, kept_aside}
