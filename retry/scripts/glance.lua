-- Many shards at once, so that an idle owner asks one question: where each stands, and its next due time. ARGV: tags.
local rows = {}
for _, tag in ipairs(ARGV) do
    local has = call('HMGET', tag .. ':m', 'applied', 'mark')
    local first = call('ZRANGE', tag .. ':r', 0, 0, 'WITHSCORES')
    rows[#rows + 1] = {tonumber(has[1] or NONE) or NONE, tonumber(has[2] or NONE) or NONE, due_of(first[2])}
end
return {'ok', NONE, NONE, aside, '-1', now_ms(), rows}
