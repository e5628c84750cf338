-- What comes due soon, so that bodies can be read ahead of it. ARGV: horizon (ms), at most a webhook, then webhooks.
local applied, mark = head()
if not applied then return {'newer', NONE, NONE} end
local now = now_ms()
local until_ms, most, found = now + tonumber(ARGV[1]), tonumber(ARGV[2]), {}
for i = 3, #ARGV do
    local ids = call('ZRANGE', guard(queue_of(ARGV[i]), 'zset'), '-inf', until_ms, 'BYSCORE', 'LIMIT', 0, most, 'WITHSCORES')
    guard(entries_of(ARGV[i]), 'hash')
    for k = 1, #ids, 2 do
        local bytes = call('HGET', entries_of(ARGV[i]), ids[k])
        if #ids[k] == 16 and is_entry(bytes) then
            found[#found + 1] = {ARGV[i], ids[k], bytes, due_of(ids[k + 1]), job_of(bytes)}
        end
    end
end
return {'ok', applied, mark, aside, next_due(), now, found}
