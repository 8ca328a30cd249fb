import { join } from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'

// What stands around a handler in AWS Lambda, as the main module of a process of its own: it loads the code that
// `_HANDLER` names in `LAMBDA_TASK_ROOT`, and answers one event at a time over IPC.

const [file, name] = process.env._HANDLER.split('.')
const code = await import(pathToFileURL(join(process.env.LAMBDA_TASK_ROOT, `${file}.mjs`)).href)

process.on('message', async ({ event, context, timeoutMs }) => {
  const deadline = performance.now() + timeoutMs
  const getRemainingTimeInMillis = () => Math.max(0, Math.floor(deadline - performance.now()))
  try {
    const result = await code[name](event, { ...context, getRemainingTimeInMillis })
    process.send({ ok: true, result: result ?? null })
  } catch (error) {
    process.send({ ok: false, error: `${error?.name}: ${error?.message}` })
  }
})
process.on('disconnect', () => process.exit())
process.send('ready')
