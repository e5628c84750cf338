-- What every script of a shard's view begins with. KEYS[1] is the shard's hash tag with its braces, T below:
--   T:m  hash   applied, mark, format, seen, pruned   T:r  zset  webhooks that can send, by next due time (ms)
--   T:o  set    webhooks that can take nothing   T:w  set   webhooks with entries
--   T:c  hash   held and dead, a webhook         T:j, T:n   replay jobs: name -> number, number -> name
--   T:f  set    numbers of jobs that are free again
--   T:q:<webhook>  zset of due times (ms)        T:e:<webhook>  hash id -> entry (retry/entry.h)
--   T:l:<webhook>:<topic><subject>  zset of an ordered subject's deliveries that block, by event offset
--   T:h  hash   list -> the one of it that is in the queue, '' if none     T:u  set of ordered ids under way
--   T:d, T:D  hash   deliveries done not long ago, two generations: id -> state, version, journal offset
--   T:p  hash   wanted repairs: id -> state, version, offset of the stale record, webhook, entry of the stale record
--   T:s  hash   spilled webhooks: webhook -> journal offset from which it must be read again, 'r' behind it when that began
--   T:x  hash   what was set aside, with its bytes; keys of a foreign type are renamed to T:x:<key>
local T = KEYS[1]
local FORMAT = 1
local NONE = -1
-- HB_ENTRY_VERSION_MAX, HB_JOURNAL_VERSION_MAX, HB_ENTRY_NUMBER_MAX, the event topics times their partitions.
local VERSION_MAX, READ_VERSION_MAX, NUMBER_MAX, PLACES = 9007199254738943, 9007199254736895, 281474976710654, 5 * 8192
local PARKED, HELD, DEAD = 1, 2, 3
local call, unpack_bytes, sub = redis.call, struct.unpack, string.sub
local aside = 0

-- A key of ours that is of another type is somebody else's: out of the way with it, whole.
local function guard(key, kind)
    local is = call('TYPE', key).ok
    if is ~= 'none' and is ~= kind then
        call('RENAME', key, T .. ':x:' .. key)
        aside = aside + 1
    end
    return key
end

local function set_aside(webhook, id, bytes)
    call('HSET', guard(T .. ':x', 'hash'), webhook .. '/' .. id, bytes)
    aside = aside + 1
end

local function queue_of(webhook) return T .. ':q:' .. webhook end
local function entries_of(webhook) return T .. ':e:' .. webhook end

-- A number as we write one; nil for anything else.
local function whole(bytes)
    local number = bytes and #bytes <= 15 and string.find(bytes, '^%d+$') and tonumber(bytes)
    return number and number <= NUMBER_MAX and number or nil
end

-- A field of T:m; what is not ours there is set aside and not there any more.
local function own(name, bytes)
    local number = whole(bytes)
    if bytes and not number and bytes ~= '-1' then
        set_aside('m', name, bytes)
        call('HDEL', T .. ':m', name)
    end
    return number
end

-- applied, mark; missing ones, and what is not ours, are NONE. A view of a later format is not touched.
local function head()
    local has = call('HMGET', guard(T .. ':m', 'hash'), 'applied', 'mark', 'format')
    if (own('format', has[3]) or FORMAT) > FORMAT then return nil end
    return own('applied', has[1]) or NONE, own('mark', has[2]) or NONE
end

-- core/shard_rule.h, hb_shard_rule_may_apply and hb_shard_rule_may_claim: nil if open, else the answer.
local function gate(must_own)
    local applied, mark = head()
    if not applied then return {'newer', NONE, NONE} end
    local my_mark, my_applied = tonumber(ARGV[1]), tonumber(ARGV[2])
    if mark > my_mark then return {'fenced', applied, mark} end
    if applied ~= my_applied or (must_own and mark ~= my_mark) then return {'behind', applied, mark} end
    return nil, applied, mark
end

-- hb_shard_rule_is_far: a version of a life that nobody can have begun yet. No attempt could follow it for ever.
local REPLAY_MIN, REPLAY_STEPS, FAR_MS = 1099511627776, 1024, 366 * 86400000
local far_version
local function is_far(version)
    if version < REPLAY_MIN then return false end
    far_version = far_version or (tonumber(call('TIME')[1]) * 1000 + FAR_MS) * REPLAY_STEPS
    return version > far_version
end

-- As hb_entry_unpack judges, so that the owner never has to refuse what a script gives it.
local function is_entry(bytes)
    if not bytes or (#bytes ~= 40 and #bytes ~= 48) or string.byte(bytes, 1) ~= FORMAT then return false end
    local code, version, place, at, offset, _, _, failed, appended = unpack_bytes('>BI7I2I6I6I2BI6I6', bytes, 2)
    return code >= PARKED and code <= DEAD and version >= 1 and version <= VERSION_MAX and not is_far(version) and place < PLACES and
        at <= NUMBER_MAX and offset <= NUMBER_MAX and failed <= NUMBER_MAX and appended <= NUMBER_MAX
end

-- hb_event_is_id
local function is_id(name) return #name >= 1 and #name <= 64 and not string.find(name, '[^%w_-]') end

-- A score as a due time, whatever somebody made of it; '-1' for none.
local function due_of(score)
    local number = tonumber(score or NONE)
    if not score or not number then return '-1' end
    return string.format('%.0f', math.floor(math.max(0, math.min(number, NUMBER_MAX))))
end

-- Held and dead ones are counted in T:c. What is no count there is set aside, and they are counted anew.
local function count_entries(webhook, code)
    local cursor, count, entries = '0', 0, guard(entries_of(webhook), 'hash')
    repeat
        local piece = call('HSCAN', entries, cursor, 'COUNT', 1000)
        cursor = piece[1]
        for i = 2, #piece[2], 2 do
            if is_entry(piece[2][i]) and string.byte(piece[2][i], 2) == code then count = count + 1 end
        end
    until cursor == '0'
    return count
end

local function mend_count(webhook, code, bytes)
    set_aside('c', webhook .. '/' .. code, bytes)
    local count = count_entries(webhook, code)
    call('HSET', T .. ':c', webhook .. '/' .. code, count)
    return count
end

-- From where a webhook is spilled, nil if it is not. What is no offset there is set aside; then its journal is read again
-- from the beginning, for nobody knows from where on something was left.
local function spilled_of(webhook, bytes)
    if not bytes then return nil end
    if whole(string.match(bytes, '^(%d+)r?$')) then return bytes end
    set_aside('s', webhook, bytes)
    call('HSET', T .. ':s', webhook, '0')
    return '0'
end

-- The head of a webhook's queue decides where it stands in the ready set.
local function place(webhook)
    local first = call('ZRANGE', queue_of(webhook), 0, 0, 'WITHSCORES')
    if first[2] and call('SISMEMBER', T .. ':o', webhook) == 0 then
        call('ZADD', T .. ':r', first[2], webhook)
    else
        call('ZREM', T .. ':r', webhook)
    end
end

-- A table that may have grown large is used up in bites: unpack has a limit.
local function in_bites(values, fn)
    for from = 1, #values, 1000 do
        fn(unpack(values, from, math.min(from + 999, #values)))
    end
end

local function next_due()
    local first = call('ZRANGE', T .. ':r', 0, 0, 'WITHSCORES')
    return due_of(first[2])
end

local function now_ms()
    local at = call('TIME')
    return tonumber(at[1]) * 1000 + math.floor(tonumber(at[2]) / 1000)
end

-- The name of an entry's job, '' without one.
local function job_of(bytes)
    local number = unpack_bytes('>I2', bytes, 39)
    local name = number > 0 and call('HGET', T .. ':n', number)
    return name and is_id(name) and name or ''
end

-- Ordered subjects (core/ordering.h): of each list only the first may be due, and nothing while one is under way.
local function list_of(webhook, bytes)
    if #bytes ~= 48 then return nil end
    return T .. ':l:' .. webhook .. ':' .. math.floor(string.byte(bytes, 10) / 32) .. sub(bytes, 41, 48)
end

-- Empties the view, so that its journal is read again from the start; mark and format stay, and so does what was set aside.
local function clear_view()
    for _, webhook in ipairs(call('SMEMBERS', guard(T .. ':w', 'set'))) do
        call('UNLINK', queue_of(webhook), entries_of(webhook))
    end
    for _, list in ipairs(call('HKEYS', guard(T .. ':h', 'hash'))) do call('UNLINK', list) end
    call('UNLINK', T .. ':h', T .. ':u', T .. ':r', T .. ':o', T .. ':w', T .. ':c', T .. ':j', T .. ':n', T .. ':f', T .. ':d', T .. ':D', T .. ':p', T .. ':s')
    call('HDEL', T .. ':m', 'applied', 'seen', 'pruned')
end

-- Makes the first of a list due, if nothing of it is; `due` is the due time of `id`, every other one's has come.
local function settle_list(webhook, list, id, due)
    local queue = queue_of(webhook)
    local first, current = call('ZRANGE', list, 0, 0)[1], call('HGET', T .. ':h', list) or ''
    if current ~= '' and current ~= first then
        if call('SISMEMBER', T .. ':u', current) == 1 then return end
        call('ZREM', queue, current)
        current = ''
    end
    if not first then
        call('HDEL', T .. ':h', list)
        return
    end
    local bytes = call('HGET', entries_of(webhook), first)
    local may = is_entry(bytes) and string.byte(bytes, 2) == PARKED
    if may and (current == '' or first == id) then
        call('ZADD', queue, first == id and due or now_ms(), first)
        current = first
    elseif not may then
        current = ''
    end
    call('HSET', T .. ':h', list, current)
end

-- A delivery leaves its list: done, dead, or not ordered any more.
local function leave_list(webhook, list, id)
    call('ZREM', list, id)
    call('SREM', T .. ':u', id)
    if call('HGET', T .. ':h', list) == id then
        call('ZREM', queue_of(webhook), id)
        call('HSET', T .. ':h', list, '')
    end
    settle_list(webhook, list)
end
