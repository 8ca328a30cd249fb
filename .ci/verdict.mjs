// Reads vitest's JSON results and ends with the plain line "N passed, N failed". Exit code 1 unless everything
// ran and passed: a skipped test, no test at all or a failed step before the tests is a failure too.
import { readFileSync } from 'node:fs'

const [file, status] = process.argv.slice(2)
const results = read(file)
const skipped = results.numPendingTests + results.numTodoTests
const failed = results.numFailedTests + skipped
if (skipped > 0) process.stdout.write(`${skipped} tests were skipped, which counts as failed here\n`)
const before = status !== '0' && failed === 0
if (before) process.stdout.write(`the test command ended with exit code ${status}\n`)
const bad = failed > 0 || before || results.numPassedTests === 0
process.stdout.write(`${results.numPassedTests} passed, ${before ? 1 : failed} failed\n`)
process.exitCode = bad ? 1 : 0

function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 }
  }
}
