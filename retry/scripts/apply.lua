-- Applies journal records in order: the rule of core/shard_rule.h once more. A test holds the two against each other.
-- ARGV: mark, applied as expected, applied afterwards, webhooks, jobs, then those names, then the records in one string.
local refused, _, mark = gate(false)
if refused then return refused end
local REPLAY_MIN, REPLAY_STEPS = 1099511627776, 1024
local RECORD_BYTES = 109
local REPAIRS_NOTHING = 281474976710655
local DELIVERED, EXPIRED, TAKEOVER = 0, 4, 9
local webhooks_count, jobs_count = tonumber(ARGV[4]), tonumber(ARGV[5])
local records = ARGV[6 + webhooks_count + jobs_count]
local exceptions, raised, touched, memories = {}, {}, {}, {}

local queues, entries, names = {}, {}, {}
for i = 1, webhooks_count do
    names[i] = ARGV[5 + i]
    queues[i] = guard(queue_of(names[i]), 'zset')
    entries[i] = guard(entries_of(names[i]), 'hash')
end
guard(T .. ':r', 'zset')
guard(T .. ':o', 'set')
guard(T .. ':w', 'set')
guard(T .. ':c', 'hash')
guard(T .. ':h', 'hash')
guard(T .. ':u', 'set')

-- Jobs by number, so that an entry stays small.
local numbers = {}
for i = 1, jobs_count do
    local name = ARGV[5 + webhooks_count + i]
    local number = call('HGET', guard(T .. ':j', 'hash'), name)
    if not number then
        number = call('HLEN', T .. ':j') + 1
        if number > 65535 then return redis.error_reply('ERR more replay jobs than a shard can name') end
        call('HSET', T .. ':j', name, number)
        call('HSET', guard(T .. ':n', 'hash'), number, name)
    end
    numbers[i] = struct.pack('>I2', tonumber(number))
end

local function count(webhook, code, by)
    if code == HELD or code == DEAD then call('HINCRBY', T .. ':c', webhook .. '/' .. code, by) end
end

-- What the entry says; nil without a usable one.
local function read_entry(webhook, id)
    local bytes = call('HGET', entries[webhook], id)
    if not bytes then return nil end
    if not is_entry(bytes) then
        set_aside(names[webhook], id, bytes)
        call('HDEL', entries[webhook], id)
        call('ZREM', queues[webhook], id)
        touched[webhook] = true
        return nil
    end
    local code, version, _, _, offset = unpack_bytes('>BI7I2I6I6', bytes, 2)
    return {bytes = bytes, code = code, version = version, offset = offset, position = sub(bytes, 10, 17)}
end

local function life(version) return version < REPLAY_MIN and 0 or math.floor(version / REPLAY_STEPS) end

local function is_stale_for_memory(memory, record)
    if record.code == DELIVERED then return false end
    if record.repairs and memory.offset > record.repairs then return true end
    if record.code >= EXPIRED then return memory.code == DELIVERED end
    if record.repairs and memory.code ~= DELIVERED then return false end
    return record.version ~= 1 and life(record.version) <= life(memory.version)
end

-- 'stale', 'conflict', or nil: it is applied.
local function judge(entry, memory, record)
    if entry then
        local is_first = record.version == 1 and record.code ~= DELIVERED and not record.repairs
        local is_same = entry.position == record.position
        if is_first and not is_same then return 'conflict' end
        if record.repairs and entry.offset > record.repairs then return 'stale' end
        if record.code == DELIVERED then return nil end
        if record.version <= entry.version or not is_same then return 'stale' end
    elseif memory and is_stale_for_memory(memory, record) then
        return 'stale'
    end
    return nil
end

local function put(webhook, id, entry, record)
    local before = entry and list_of(names[webhook], entry.bytes)
    local list = record.code ~= DEAD and list_of(names[webhook], record.entry)
    call('HSET', entries[webhook], id, record.entry)
    if before and before ~= list then leave_list(names[webhook], before, id) end
    if list then
        call('SREM', T .. ':u', id)
        call('ZADD', list, unpack_bytes('>I6', record.entry, 12), id)
        if record.code ~= PARKED or not before then call('ZREM', queues[webhook], id) end
        settle_list(names[webhook], list, id, record.due)
    elseif record.code == PARKED then
        call('ZADD', queues[webhook], record.due, id)
    elseif entry then
        call('ZREM', queues[webhook], id)
    end
    if not entry or entry.code ~= record.code then
        count(names[webhook], record.code, 1)
        if entry then count(names[webhook], entry.code, -1) end
    end
    touched[webhook] = true
end

local function remove(webhook, id, entry)
    local list = list_of(names[webhook], entry.bytes)
    call('HDEL', entries[webhook], id)
    call('ZREM', queues[webhook], id)
    if list then leave_list(names[webhook], list, id) end
    count(names[webhook], entry.code, -1)
    touched[webhook] = true
end

local function read_record(at)
    local code, webhook, version, offset, repairs, due, job, memory_code, memory_version, memory_offset, entry_bytes =
        unpack_bytes('>BI2I7I6I6I6I2BI7I6B', records, at + 16)
    local record = {code = code, webhook = webhook, version = version, offset = offset, due = due}
    if repairs ~= REPAIRS_NOTHING then record.repairs = repairs end
    if entry_bytes > 0 then
        local entry = sub(records, at + 61, at + 60 + entry_bytes)
        record.position = sub(entry, 10, 17)
        if job > 0 then entry = sub(entry, 1, 38) .. numbers[job] .. sub(entry, 41) end
        record.entry = entry
    end
    local memory = memory_version > 0 and {code = memory_code, version = memory_version, offset = memory_offset} or nil
    return record, memory
end

-- What an earlier life wrote stays stale for the entry.
local function rise_above(memory, record)
    record.entry = sub(record.entry, 1, 2) .. struct.pack('>I7', memory.version + 1) .. sub(record.entry, 10)
end

-- The end of a delivery; the owner is told when its version is not the record's own.
local function remember(index, before, record)
    local version = record.version
    if before and before.version > version then
        version = before.version
        raised[#raised + 1] = index
        raised[#raised + 1] = version
    end
    return {code = record.code, version = version, offset = record.offset}
end

local function run(index, at)
    local record, memory = read_record(at)
    if record.code == TAKEOVER then
        mark = math.max(mark, record.offset)
        return
    end
    local id = sub(records, at, at + 15)
    local entry = read_entry(record.webhook, id)
    if memories[id] ~= nil then memory = memories[id] or nil end
    if entry then memory = nil end
    local refusal = judge(entry, memory, record)
    if refusal then
        local known = entry or memory
        local due = entry and call('ZSCORE', queues[record.webhook], id) or '-1'
        exceptions[#exceptions + 1] = {index, refusal, known.code, known.version, known.offset,
            id, entry and entry.bytes or '', due or '-1', entry and job_of(entry.bytes) or ''}
        return
    end
    local is_done = record.code == DELIVERED or record.code >= EXPIRED
    if not is_done then
        if memory and record.version <= memory.version then rise_above(memory, record) end
        put(record.webhook, id, entry, record)
    elseif entry then
        remove(record.webhook, id, entry)
    end
    memories[id] = is_done and remember(index, entry or memory, record)
end

local count_records = #records / RECORD_BYTES
for index = 1, count_records do run(index - 1, (index - 1) * RECORD_BYTES + 1) end

for webhook in pairs(touched) do
    local name = names[webhook]
    call(call('EXISTS', entries[webhook]) == 1 and 'SADD' or 'SREM', T .. ':w', name)
    place(name)
end
call('HSET', T .. ':m', 'applied', ARGV[3], 'format', FORMAT)
if mark ~= NONE then call('HSET', T .. ':m', 'mark', mark) end
return {'ok', tonumber(ARGV[3]), mark, aside, next_due(), exceptions, raised}
