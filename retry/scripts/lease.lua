-- Renews a lease or gives it back: the due time becomes the one given, if the delivery is still as it was claimed.
-- ARGV: mark, applied, then webhook, id, version, due (ms; below 0: that long after now), again and again.
local refused, applied, mark = gate(true)
if refused then return refused end
local now = now_ms()
local moved, touched = 0, {}
for i = 3, #ARGV, 4 do
    local webhook, id, due = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 3])
    local bytes = call('HGET', guard(entries_of(webhook), 'hash'), id)
    if is_entry(bytes) and string.byte(bytes, 2) == PARKED and unpack_bytes('>I7', bytes, 3) == tonumber(ARGV[i + 2]) then
        call('ZADD', guard(queue_of(webhook), 'zset'), 'XX', due < 0 and now - due or due, id)
        local list = due >= 0 and list_of(webhook, bytes)
        if list then
            call('SREM', T .. ':u', id)
            settle_list(webhook, list, id, due)
        end
        moved = moved + 1
        touched[webhook] = true
    end
end
for webhook in pairs(touched) do place(webhook) end
return {'ok', applied, mark, aside, next_due(), now, moved}
