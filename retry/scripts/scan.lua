-- A piece of a webhook's entries, for lists and for the search of what has expired. ARGV: webhook, cursor, about how many.
local applied, mark = head()
if not applied then return {'newer', NONE, NONE} end
local webhook = ARGV[1]
local entries, queue = guard(entries_of(webhook), 'hash'), guard(queue_of(webhook), 'zset')
local piece = call('HSCAN', entries, ARGV[2], 'COUNT', ARGV[3])
local found, ids, scores = {}, {}, {}
for i = 1, #piece[2], 2 do ids[#ids + 1] = piece[2][i] end
in_bites(ids, function(...)
    for _, score in ipairs(call('ZMSCORE', queue, ...)) do scores[#scores + 1] = score end
end)
for i = 1, #piece[2], 2 do
    local id, bytes = piece[2][i], piece[2][i + 1]
    if #id == 16 and is_entry(bytes) then
        found[#found + 1] = {webhook, id, bytes, due_of(scores[(i + 1) / 2]), job_of(bytes)}
    else
        set_aside(webhook, id, bytes)
        call('HDEL', entries, id)
        call('ZREM', queue, id)
    end
end
return {'ok', applied, mark, aside, next_due(), now_ms(), found, piece[1]}
