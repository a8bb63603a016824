-- SPDX-License-Identifier: BSD-2-Clause
-- Takes names out of PREFIX:ids that are not in PREFIX:campaigns any more, some hundred a
-- call, so that nobody waits for it.  Answers with the next cursor, 0 at the end, and how
-- many are gone.  Not for a Redis Cluster, where the two keys are on different servers.
--
--     redis-cli --eval trim-ids.lua metermark:ids metermark:campaigns , 0
--
-- Again with the cursor it gives, until that is 0.  A daemon that counts one of these
-- campaigns meanwhile lists it first and then puts its name back: nothing is missing.
local found = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', 500)
local gone = 0
for i = 1, #found[2], 2 do
	if not redis.call('ZSCORE', KEYS[2], found[2][i + 1]) then
		gone = gone + redis.call('HDEL', KEYS[1], found[2][i])
	end
end
return {found[1], gone}
