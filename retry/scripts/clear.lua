-- Empties the view, so that its journal is read again from the start; the mark stays, and so does what was set aside.
-- ARGV: mark.
local applied, mark = head()
if not applied then return {'newer', NONE, NONE} end
if mark > tonumber(ARGV[1]) then return {'fenced', applied, mark} end
clear_view()
return {'ok', NONE, mark, aside, '-1'}
