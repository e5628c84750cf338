-- Applies journal records in order: the rule of core/shard_rule.h once more. A test holds the two against each other.
-- ARGV: mark, applied as expected, applied afterwards, time (ms) until which the journal has been read, deliveries
-- remembered as done, whether the view may grow (1, 0), re-read (0: not; else the offset behind what was read again of
-- the one webhook given, -1: all of it), webhooks, jobs, then those names, then the records in one string.
local refused, _, mark = gate(false)
if refused then return refused end
local seen, done_max, may_grow, reread = ARGV[4], tonumber(ARGV[5]), ARGV[6] == '1', tonumber(ARGV[7])
local FIRST_NAME = 10
local RECORD_BYTES = 95
local REPAIRS_NOTHING = 281474976710655
local DELIVERED, EXPIRED, CANCELLED, TAKEOVER = 0, 4, 5, 9
local webhooks_count, jobs_count = tonumber(ARGV[8]), tonumber(ARGV[9])
local records = ARGV[FIRST_NAME + webhooks_count + jobs_count]
local exceptions, touched, skipped = {}, {}, 0

local queues, entries, names = {}, {}, {}
for i = 1, webhooks_count do
    names[i] = ARGV[FIRST_NAME - 1 + i]
    queues[i] = guard(queue_of(names[i]), 'zset')
    entries[i] = guard(entries_of(names[i]), 'hash')
end
guard(T .. ':r', 'zset')
guard(T .. ':o', 'set')
guard(T .. ':w', 'set')
guard(T .. ':c', 'hash')
guard(T .. ':h', 'hash')
guard(T .. ':u', 'set')
guard(T .. ':d', 'hash')
guard(T .. ':D', 'hash')
guard(T .. ':p', 'hash')
guard(T .. ':s', 'hash')

-- Spilled webhooks: what would make a new entry stays in the journal alone, from the offset kept here.
local spilled = {}
if reread == 0 then
    for i = 1, webhooks_count do spilled[i] = spilled_of(names[i], call('HGET', T .. ':s', names[i])) end
end

-- Jobs by number, so that an entry stays small. A number whose name no entry uses is given to another name: they are
-- looked for each time the table has grown by so many, and when it is full, but then no sooner than so many records after
-- the last time. A job that gets no number has none: its name is lost, never the delivery.
local JOBS_MAX, JOBS_STEP, JOBS_PAUSE = 65535, 8192, 20000
local numbers, used = {}, {}

local function note_used(entry)
    if #entry >= 40 then used[unpack_bytes('>I2', entry, 39)] = true end
end

local function scan_entries(key, entry_of)
    local cursor = '0'
    repeat
        local piece = call('HSCAN', guard(key, 'hash'), cursor, 'COUNT', 1000)
        cursor = piece[1]
        for i = 2, #piece[2], 2 do note_used(entry_of(piece[2][i])) end
    until cursor == '0'
end

local function prune_jobs()
    for _, webhook in ipairs(call('SMEMBERS', T .. ':w')) do
        scan_entries(entries_of(webhook), function(bytes) return bytes end)
    end
    scan_entries(T .. ':p', function(bytes) return #bytes > 15 and sub(bytes, 16 + string.byte(bytes, 15)) or '' end)
    local names_of = call('HGETALL', T .. ':n')
    local gone, free = {}, {}
    for i = 1, #names_of, 2 do
        if not used[tonumber(names_of[i])] then
            free[#free + 1] = names_of[i]
            gone[#gone + 1] = names_of[i + 1]
        end
    end
    in_bites(free, function(...)
        call('HDEL', T .. ':n', ...)
        call('SADD', T .. ':f', ...)
    end)
    in_bites(gone, function(...) call('HDEL', T .. ':j', ...) end)
    call('HSET', T .. ':m', 'pruned', ARGV[3])
end

local function is_number(value) return value and value >= 1 and value <= JOBS_MAX and value % 1 == 0 end

local function pop_number()
    local free = tonumber(call('SPOP', T .. ':f') or 0)
    return is_number(free) and free or nil
end

local function free_number()
    local free = pop_number()
    if free then return free end
    local count = call('HLEN', T .. ':n')
    local is_full = count >= JOBS_MAX
    local pruned = tonumber(call('HGET', T .. ':m', 'pruned') or NONE) or NONE
    local ago = tonumber(ARGV[3]) - pruned
    if count > 0 and (is_full or count % JOBS_STEP == 0) and (pruned == NONE or ago < 0 or ago >= JOBS_PAUSE) then
        prune_jobs()
        free = pop_number()
        if free then return free end
    end
    return is_full and 0 or count + 1
end

local function number_jobs()
    local first = FIRST_NAME + webhooks_count
    for i = 1, jobs_count do
        numbers[i] = tonumber(call('HGET', T .. ':j', ARGV[first - 1 + i]) or 0) or 0
        if is_number(numbers[i]) then used[numbers[i]] = true end
    end
    for i = 1, jobs_count do
        if not is_number(numbers[i]) then
            numbers[i] = free_number()
            used[numbers[i]] = true
            if numbers[i] > 0 then
                call('HSET', T .. ':j', ARGV[first - 1 + i], numbers[i])
                call('HSET', T .. ':n', numbers[i], ARGV[first - 1 + i])
            end
        end
        numbers[i] = struct.pack('>I2', numbers[i])
    end
end
if jobs_count > 0 then
    guard(T .. ':j', 'hash')
    guard(T .. ':n', 'hash')
    guard(T .. ':f', 'set')
    number_jobs()
end

local function count(webhook, code, by)
    if code ~= HELD and code ~= DEAD then return end
    local field = webhook .. '/' .. code
    local counted = redis.pcall('HINCRBY', T .. ':c', field, by)
    if type(counted) == 'table' and counted.err then mend_count(webhook, code, call('HGET', T .. ':c', field)) end
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
    local code, webhook, version, offset, repairs, due, job, entry_bytes =
        unpack_bytes('>BI2I7I6I6I6I2B', records, at + 16)
    local record = {code = code, webhook = webhook, version = version, offset = offset, due = due}
    if repairs ~= REPAIRS_NOTHING then record.repairs = repairs end
    if entry_bytes > 0 then
        local entry = sub(records, at + 47, at + 46 + entry_bytes)
        record.position = sub(entry, 10, 17)
        if job > 0 then entry = sub(entry, 1, 38) .. numbers[job] .. sub(entry, 41) end
        record.entry = entry
    end
    return record
end

-- Deliveries done not long ago: two generations, so that the oldest go together when there are too many.
-- Read for the whole batch at its beginning and written at its end: a rebuilt journal is mostly of deliveries done.
local memories, dirty = {}, {}
local count_records = #records / RECORD_BYTES

local function read_memories()
    local ids = {}
    for index = 1, count_records do ids[index] = sub(records, (index - 1) * RECORD_BYTES + 1, (index - 1) * RECORD_BYTES + 16) end
    for _, key in ipairs({T .. ':D', T .. ':d'}) do
        for from = 1, call('EXISTS', key) == 1 and #ids or 0, 1000 do
            local found = call('HMGET', key, unpack(ids, from, math.min(from + 999, #ids)))
            for i, bytes in ipairs(found) do
                if bytes and #bytes >= 14 then
                    local code, version, offset = unpack_bytes('>BI7I6', bytes)
                    local is_ours = (code == DELIVERED or code == EXPIRED or code == CANCELLED) and version < VERSION_MAX
                    memories[ids[from + i - 1]] = is_ours and
                        {code = code, version = version, offset = offset, has_left = #bytes > 14} or nil
                end
            end
        end
    end
end

local function write_memory(id, memory)
    memories[id] = memory
    dirty[id] = memory
end

local function write_memories()
    local sets, gone = {}, {}
    for id, memory in pairs(dirty) do
        if memory then
            local bytes = struct.pack('>BI7I6', memory.code, memory.version, memory.offset)
            sets[#sets + 1] = id
            sets[#sets + 1] = memory.has_left and bytes .. 'l' or bytes
        else
            gone[#gone + 1] = id
        end
    end
    in_bites(sets, function(...) call('HSET', T .. ':d', ...) end)
    in_bites(gone, function(...)
        call('HDEL', T .. ':d', ...)
        call('HDEL', T .. ':D', ...)
    end)
end

-- What an earlier life wrote stays stale for the entry.
local function rise_above(memory, record)
    record.entry = sub(record.entry, 1, 2) .. struct.pack('>I7', memory.version + 1) .. sub(record.entry, 10)
end

local function remember(id, before, record)
    local version = record.version
    if before and before.version > version then version = before.version end
    write_memory(id, {code = record.code, version = version, offset = record.offset})
end

local function forget(id)
    memories[id] = nil
    dirty[id] = false
end

-- The repair of a stale record, one a delivery; it stands here until a later record of the delivery is applied, so that
-- the next owner goes on with it. Of an expired or cancelled one the stale record says what the entry would have.
local wants = call('HLEN', T .. ':p')
local function want_repair(id, record, known, has_entry)
    if known.offset >= record.offset then return end
    wants = wants + 1
    local version = math.max(known.version, record.version) + 1
    local of_record = not has_entry and known.code >= EXPIRED and record.entry or ''
    local name = names[record.webhook]
    call('HSET', T .. ':p', id, struct.pack('>BI7I6B', known.code, version, record.offset, #name) .. name .. of_record)
end

local function refuse(index, id, record, entry, known, refusal)
    local due = due_of(entry and call('ZSCORE', queues[record.webhook], id))
    want_repair(id, record, known, entry)
    exceptions[#exceptions + 1] = {index, refusal, known.code, known.version, known.offset,
        id, entry and entry.bytes or '', due, entry and job_of(entry.bytes) or ''}
end

-- Whether the record of a spilled webhook is left in the journal: all but what its entries need and what the memory can
-- judge; of what was left once everything is, for its memory may be of the life before. While it is read again, all is.
local function is_left(record, id, entry, memory, is_done)
    local from = spilled[record.webhook]
    if not from then
        if may_grow or is_done or entry or reread ~= 0 then return false end
        from = tostring(record.offset)
        spilled[record.webhook] = from
        call('HSET', T .. ':s', names[record.webhook], from)
    end
    if sub(from, -1) ~= 'r' or not may_grow then
        if entry then return false end
        if memory and not memory.has_left then
            if is_done or judge(nil, memory, record) then return false end
            memory.has_left = true
            write_memory(id, memory)
        end
    end
    skipped = skipped + 1
    return true
end

-- What is read again and was seen before: older than the memory, or an end of an earlier life than the entry's.
local function is_seen(record, entry, memory, is_done)
    if memory and memory.offset >= record.offset then return true end
    return entry and is_done and entry.offset >= record.offset and life(entry.version) > life(record.version)
end

local function run(index, at)
    local record = read_record(at)
    if record.code == TAKEOVER then
        mark = math.max(mark, record.offset)
        return
    end
    local id = sub(records, at, at + 15)
    local entry = read_entry(record.webhook, id)
    local is_done = record.code == DELIVERED or record.code >= EXPIRED
    local memory = not entry and memories[id] or nil
    if is_left(record, id, entry, memory, is_done) then return end
    if reread ~= 0 and is_seen(record, entry, memory, is_done) then return end
    local refusal = judge(entry, memory, record)
    if refusal then
        refuse(index, id, record, entry, entry or memory, refusal)
        return
    end
    local wanted = wants > 0 and call('HGET', T .. ':p', id)
    if wanted and (#wanted < 15 or unpack_bytes('>I6', wanted, 9) < record.offset) then call('HDEL', T .. ':p', id) end
    if is_done then
        if entry then remove(record.webhook, id, entry) end
        remember(id, entry or memory, record)
    else
        if memory and record.version <= memory.version then rise_above(memory, record) end
        put(record.webhook, id, entry, record)
        if memory then forget(id) end
    end
end

read_memories()
for index = 1, count_records do run(index - 1, (index - 1) * RECORD_BYTES + 1) end
write_memories()

for webhook in pairs(touched) do
    local name = names[webhook]
    call(call('EXISTS', entries[webhook]) == 1 and 'SADD' or 'SREM', T .. ':w', name)
    place(name)
end
if call('HLEN', T .. ':d') > done_max then call('RENAME', T .. ':d', T .. ':D') end
if reread == NONE then
    call('HDEL', T .. ':s', names[1])
elseif reread > 0 then
    call('HSET', T .. ':s', names[1], reread .. 'r')
end
call('HSET', T .. ':m', 'applied', ARGV[3], 'format', FORMAT)
if tonumber(seen) > 0 then call('HSET', T .. ':m', 'seen', seen) end
if mark ~= NONE then call('HSET', T .. ':m', 'mark', mark) end
return {'ok', tonumber(ARGV[3]), mark, aside, next_due(), exceptions, call('HLEN', T .. ':p'), call('HLEN', T .. ':s'), skipped}
