-- SPDX-License-Identifier: BSD-2-Clause
-- Removes the names from PREFIX:ids that are no longer in PREFIX:campaigns.  Each call checks
-- some hundred names, so that other clients do not wait.  It returns the next cursor, which is
-- 0 at the end, and the number of names that it removed.  It does not work in a Redis Cluster,
-- where the two keys are on different servers.
--
--     redis-cli --eval trim-ids.lua metermark:ids metermark:campaigns , 0
--
-- Call it again with the cursor that it returned, until the cursor is 0.  If a daemon counts
-- mail of such a campaign in the meantime, it lists the campaign first and then adds the name
-- again, so no name is missing.
local found = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', 500)
local gone = 0
for i = 1, #found[2], 2 do
	if not redis.call('ZSCORE', KEYS[2], found[2][i + 1]) then
		gone = gone + redis.call('HDEL', KEYS[1], found[2][i])
	end
end
return {found[1], gone}
