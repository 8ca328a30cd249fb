import { readdirSync, readFileSync } from 'node:fs'
import type { FunctionId } from '../e2e/running-fence.ts'

/** Linux counts processor time in these, whatever its own ticks are (USER_HZ). */
const TICK_MS = 10

/**
 * Milliseconds of processor that the living processes of a function have used since they began. Lambda gives 1,769 MB
 * one processor and less memory its share of one, so that time is what a small function waits for.
 */
export function processorMs(name: FunctionId): number {
  return childrenOf(process.pid)
    .filter((pid) => textOf(`/proc/${pid}/environ`).split('\0').includes(`AWS_LAMBDA_FUNCTION_NAME=${name}`))
    .reduce((sum, pid) => sum + usedBy(pid), 0)
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((each) => each > 0 && Number(statOf(each)[1]) === pid)
}

function usedBy(pid: number): number {
  const stat = statOf(pid)
  return (Number(stat[11] ?? 0) + Number(stat[12] ?? 0)) * TICK_MS
}

/** The fields of `/proc/PID/stat` behind the name, which may hold blanks: state, parent and so on. */
function statOf(pid: number): string[] {
  return textOf(`/proc/${pid}/stat`).split(') ').at(-1)!.split(' ')
}

/** Nothing where the process has ended. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
