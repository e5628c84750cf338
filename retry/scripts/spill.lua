-- A webhook is spilled: what would make a new entry of it stays in the journal, from the record after `applied` on.
-- ARGV: mark, applied, webhook.
local refused, applied, mark = gate(true)
if refused then return refused end
call('HSETNX', guard(T .. ':s', 'hash'), ARGV[3], applied + 1)
local from = spilled_of(ARGV[3], call('HGET', T .. ':s', ARGV[3]))
return {'ok', applied, mark, aside, next_due(), now_ms(), tonumber(string.match(from, '^%d+'))}
