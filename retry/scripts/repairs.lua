-- Wanted repairs, a piece of them, with the entries whose truth they write again. ARGV: mark, applied, cursor, about how
-- many.
local refused, applied, mark = gate(true)
if refused then return refused end
local EXPIRED = 4
local piece = call('HSCAN', guard(T .. ':p', 'hash'), ARGV[3], 'COUNT', ARGV[4])
local found = {}
for i = 1, #piece[2], 2 do
    local id, bytes = piece[2][i], piece[2][i + 1]
    local is_good = #id == 16 and #bytes >= 15 and #bytes >= 15 + string.byte(bytes, 15)
    if is_good then
        local code, version, offset, length = unpack_bytes('>BI7I6B', bytes)
        local webhook = sub(bytes, 16, 15 + length)
        local entry, due = sub(bytes, 16 + length), '-1'
        if code > 0 and code < EXPIRED then
            entry = call('HGET', guard(entries_of(webhook), 'hash'), id)
            due = call('ZSCORE', guard(queue_of(webhook), 'zset'), id) or '-1'
        end
        is_good = code == 0 or is_entry(entry)
        if is_good then
            found[#found + 1] = {webhook, id, code, version, offset, entry or '', due, #(entry or '') > 0 and job_of(entry) or ''}
        end
    end
    if not is_good then call('HDEL', T .. ':p', id) end
end
return {'ok', applied, mark, aside, next_due(), now_ms(), found, piece[1]}
