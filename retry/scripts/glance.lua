-- Many shards at once, so that an idle owner asks one question: where each stands, and its next due time. ARGV: tags.
local rows = {}
for _, tag in ipairs(ARGV) do
    -- A key of another type is no view; its shard finds out.
    local has = redis.pcall('HMGET', tag .. ':m', 'applied', 'mark')
    local first = redis.pcall('ZRANGE', tag .. ':r', 0, 0, 'WITHSCORES')
    rows[#rows + 1] = {whole(has[1]) or NONE, whole(has[2]) or NONE, due_of(first[2])}
end
return {'ok', NONE, NONE, aside, '-1', now_ms(), rows}
