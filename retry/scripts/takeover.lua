-- A new owner: its mark shuts out every former one; the larger wins. What the former one had switched off may send again
-- until the new one says otherwise. A view that does not say how far it is read cannot be read on: it is cleared. ARGV:
-- mark, and the mark by which this owner was shut out before its takeover record was written, -1 if it was not: every
-- mark there was by then is a smaller offset, so that a larger one is no owner's.
local applied, mark = head()
if not applied then return {'newer', NONE, NONE} end
local mine = tonumber(ARGV[1])
if mark > mine then
    if mark ~= tonumber(ARGV[2]) then return {'fenced', applied, mark} end
    set_aside('m', 'mark', call('HGET', T .. ':m', 'mark'))
end
if applied == NONE and call('EXISTS', T .. ':w') == 1 then clear_view() end
call('HSET', T .. ':m', 'mark', mine, 'format', FORMAT)
guard(T .. ':r', 'zset')
local off = call('SMEMBERS', guard(T .. ':o', 'set'))
call('DEL', T .. ':o')
for _, webhook in ipairs(off) do
    guard(queue_of(webhook), 'zset')
    place(webhook)
end
return {'ok', applied, mine, aside, next_due(), own('seen', call('HGET', T .. ':m', 'seen')) or '-1', call('HLEN', guard(T .. ':p', 'hash')),
    call('HLEN', guard(T .. ':s', 'hash'))}
