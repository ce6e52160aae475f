// Uploads one file with tus-js-client as the JSON in the first argument says; prints one JSON object at the end.
// {endpoint, file, token, chunkSize?, withCreation?, abortAt?, terminate?}

import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import * as tus from 'tus-js-client'

const wish = JSON.parse(process.argv[2])
const content = readFileSync(wish.file)
const seen = { requests: [], statuses: [] }

function options(more) {
  return {
    endpoint: wish.endpoint,
    headers: { Authorization: `Bearer ${wish.token}` },
    metadata: { filename: basename(wish.file), filetype: 'text/csv' },
    chunkSize: wish.chunkSize ?? Infinity,
    uploadDataDuringCreation: wish.withCreation ?? false,
    retryDelays: [100, 200, 400, 800, 1600, 3000, 3000, 3000, 3000, 3000],
    storeFingerprintForResuming: false,
    onBeforeRequest: (request) => { seen.requests.push(request.getMethod()) },
    onAfterResponse: (request, response) => { seen.statuses.push(response.getStatus()) },
    onError: (error) => fail(error),
    ...more,
  }
}

// Ends the process: node would wait for the aborted connection's keep-alive.
function tell(more, status) {
  process.stdout.write(JSON.stringify({ ...seen, ...more }) + '\n', () => process.exit(status))
}

function fail(error) {
  tell({ error: String(error) }, 1)
}

function done(upload) {
  tell({ url: upload.url }, 0)
}

function resume(url) {
  const upload = new tus.Upload(content, options({ uploadUrl: url, onSuccess: () => done(upload) }))
  upload.start()
}

let aborted = false
const first = new tus.Upload(content, options({
  onProgress: (sent) => {
    if (!aborted && wish.abortAt && sent >= wish.abortAt) {
      aborted = true
      seen.abortedAt = sent
      first.abort(wish.terminate ?? false).then(() => (wish.terminate ? done(first) : resume(first.url)), fail)
    }
  },
  onSuccess: () => {
    if (wish.abortAt) fail(new Error('the upload was over before it could be aborted'))
    done(first)
  },
}))
first.start()
