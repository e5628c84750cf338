-- Wanted repairs, a piece of them, with the entries whose truth they write again. ARGV: mark, applied, cursor, about how
-- many.
local refused, applied, mark = gate(true)
if refused then return refused end
local EXPIRED, CANCELLED = 4, 5
local piece = call('HSCAN', guard(T .. ':p', 'hash'), ARGV[3], 'COUNT', ARGV[4])
local found = {}

-- The row of a wanted repair; nil: it is nobody's any more; false: it is not ours.
local function row_of(id, bytes)
    if #id ~= 16 or #bytes < 15 then return false end
    local code, version, offset, length = unpack_bytes('>BI7I6B', bytes)
    local webhook, entry, due = sub(bytes, 16, 15 + length), sub(bytes, 16 + length), '-1'
    if #webhook ~= length or not is_id(webhook) or code > CANCELLED or version < 1 or version > READ_VERSION_MAX or
        offset > NUMBER_MAX then return false end
    if code >= EXPIRED and not is_entry(entry) then return false end
    if code == 0 then return {webhook, id, code, version, offset, '', due, ''} end
    if code < EXPIRED then
        entry = call('HGET', guard(entries_of(webhook), 'hash'), id)
        if not is_entry(entry) then return nil end
        due = due_of(call('ZSCORE', guard(queue_of(webhook), 'zset'), id))
    end
    return {webhook, id, code, version, offset, entry, due, job_of(entry)}
end

for i = 1, #piece[2], 2 do
    local row = row_of(piece[2][i], piece[2][i + 1])
    if row then
        found[#found + 1] = row
    else
        if row == false then set_aside(':p', piece[2][i], piece[2][i + 1]) end
        call('HDEL', T .. ':p', piece[2][i])
    end
end
return {'ok', applied, mark, aside, next_due(), now_ms(), found, piece[1]}
