-- With arguments (prefix, count, suffix), asks for the path PREFIX0SUFFIX, PREFIX1SUFFIX, ... in turn.
function init(args)
  if #args == 0 then return end
  local prefix, count, suffix = args[1], tonumber(args[2]), args[3]
  local requests, next = {}, 0
  for i = 0, count - 1 do requests[i] = wrk.format(nil, prefix .. i .. suffix) end
  request = function()
    next = (next + 1) % count
    return requests[next]
  end
end

-- wrk's own report is for people; this is the same as one JSON line. Latencies are microseconds.
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"bytes":%d,"durationUs":%d,"p50Us":%d,"p99Us":%d,"badStatus":%d,"socketErrors":%d}\n',
    summary.requests, summary.bytes, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout
  ))
end
