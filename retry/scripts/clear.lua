-- Empties the view, so that its journal is read again from the start; the mark stays, and so does what was set aside.
-- ARGV: mark.
local applied, mark = head()
if not applied then return {'newer', NONE, NONE} end
if mark > tonumber(ARGV[1]) then return {'fenced', applied, mark} end
for _, webhook in ipairs(call('SMEMBERS', guard(T .. ':w', 'set'))) do
    call('UNLINK', queue_of(webhook), entries_of(webhook))
end
for _, list in ipairs(call('HKEYS', T .. ':h')) do call('UNLINK', list) end
call('UNLINK', T .. ':h', T .. ':u', T .. ':r', T .. ':o', T .. ':w', T .. ':c', T .. ':j', T .. ':n', T .. ':f', T .. ':d', T .. ':D', T .. ':p', T .. ':s')
call('HDEL', T .. ':m', 'applied', 'seen', 'pruned')
return {'ok', NONE, mark, aside, '-1'}
