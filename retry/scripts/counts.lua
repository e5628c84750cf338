-- How many wait, are held, are dead, a webhook, and from where it is spilled. Changes nothing but what is not ours. ARGV:
-- nothing.
local applied, mark = head()
if not applied then return {'newer', NONE, NONE} end
guard(T .. ':c', 'hash')
local rows = {}
local names, spilled = call('SMEMBERS', guard(T .. ':w', 'set')), call('HGETALL', guard(T .. ':s', 'hash'))
local from = {}
for i = 1, #spilled, 2 do
    if is_id(spilled[i]) then
        from[spilled[i]] = due_of(string.match(spilled_of(spilled[i], spilled[i + 1]), '^%d+'))
        if call('SISMEMBER', T .. ':w', spilled[i]) == 0 then names[#names + 1] = spilled[i] end
    else
        set_aside('s', spilled[i], spilled[i + 1])
        call('HDEL', T .. ':s', spilled[i])
    end
end

local function counted(webhook, code, bytes)
    if not bytes then return 0 end
    return whole(bytes) or mend_count(webhook, code, bytes)
end

for _, webhook in ipairs(names) do
    local kept = call('HMGET', T .. ':c', webhook .. '/' .. HELD, webhook .. '/' .. DEAD)
    local first = call('ZRANGE', guard(queue_of(webhook), 'zset'), 0, 0, 'WITHSCORES')
    local held, dead = counted(webhook, HELD, kept[1]), counted(webhook, DEAD, kept[2])
    local all = call('HLEN', guard(entries_of(webhook), 'hash'))
    if held + dead > all then
        held, dead = mend_count(webhook, HELD, kept[1] or ''), mend_count(webhook, DEAD, kept[2] or '')
    end
    -- Not the queue's length: of an ordered subject only the first stands there.
    local parked = math.max(0, all - held - dead)
    rows[#rows + 1] = {webhook, parked, held, dead, due_of(first[2]), from[webhook] or '-1'}
end
local kept_aside = call('HLEN', guard(T .. ':x', 'hash'))
return {'ok', applied, mark, aside, next_due(), now_ms(), rows, kept_aside}
