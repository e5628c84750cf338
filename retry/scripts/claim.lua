-- Leases what is due: for each webhook, in the order given, at most so many. ARGV: mark, applied, lease (ms), at most in
-- all, then webhook and its number, again and again.
local refused, applied, mark = gate(true)
if refused then return refused end
local now = now_ms()
local lease_end, left = now + tonumber(ARGV[3]), tonumber(ARGV[4])
local claims = {}

-- The entry of a due id, or nil: what has no usable one leaves the queue, its bytes aside.
local function usable(webhook, queue, id, bytes)
    if #id == 16 and is_entry(bytes) and string.byte(bytes, 2) == PARKED then return bytes end
    if not (#id == 16 and is_entry(bytes)) then
        set_aside(webhook, id, bytes or '')
        if bytes then call('HDEL', entries_of(webhook), id) end
    end
    call('ZREM', queue, id)
    return nil
end

local function claim(webhook, most)
    local queue, entries = guard(queue_of(webhook), 'zset'), guard(entries_of(webhook), 'hash')
    local due = call('ZRANGE', queue, '-inf', now, 'BYSCORE', 'LIMIT', 0, most, 'WITHSCORES')
    if #due == 0 then return end
    local ids, leases = {}, {}
    for i = 1, #due, 2 do ids[#ids + 1] = due[i] end
    local found = call('HMGET', entries, unpack(ids))
    for i, id in ipairs(ids) do
        local bytes = usable(webhook, queue, id, found[i])
        if bytes then
            leases[#leases + 1] = lease_end
            leases[#leases + 1] = id
            if #bytes == 48 then call('SADD', T .. ':u', id) end
            claims[#claims + 1] = {webhook, id, bytes, due_of(due[i * 2]), job_of(bytes)}
        end
    end
    if #leases > 0 then call('ZADD', queue, 'XX', unpack(leases)) end
    left = left - #leases / 2
    place(webhook)
end

guard(T .. ':r', 'zset')
guard(T .. ':o', 'set')
for i = 5, #ARGV, 2 do
    local most = math.min(left, tonumber(ARGV[i + 1]), 1000)
    if most > 0 then claim(ARGV[i], most) end
end
return {'ok', applied, mark, aside, next_due(), now, claims}
