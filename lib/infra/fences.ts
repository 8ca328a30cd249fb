import { readFileSync } from 'node:fs'
import type { App } from 'aws-cdk-lib/core'
import { ConfigError, type FenceConfig, readConfig } from '../config.ts'
import { stackName } from '../names.ts'
import { deployProblems } from '../settings/deploy-problems.ts'
import { SipFenceStack } from './sipfence-stack.ts'

/**
 * Adds a stack for each fence of the settings file, which the context `settings` names (`cdk deploy -c settings=FILE`).
 * Throws ConfigError with every problem of the file, before there is any stack.
 */
export function addFences(app: App, defaultAccount: string | undefined): void {
  for (const fence of deployableFences(settingsFile(app))) {
    const account = fence.account ?? defaultAccount
    const env = { region: fence.region!, ...(account === undefined ? {} : { account }) }
    new SipFenceStack(app, stackName(fence.id, fence.stack), { fence, env })
  }
}

function settingsFile(app: App): string {
  const file: unknown = app.node.tryGetContext('settings')
  return typeof file === 'string' ? file : 'sipfence.json'
}

function deployableFences(file: string): readonly FenceConfig[] {
  const { fences } = readConfig(file, textOf(file))
  const problems = fences.flatMap((fence, index) => deployProblems(fence, `fences[${index}]`))
  if (problems.length === 0) return fences
  throw new ConfigError(
    `Cannot deploy settings "${file}":\n${problems.map((line) => `  ${line}`).join('\n')}`,
  )
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why =
      code === 'ENOENT'
        ? 'there is no such file; let npx sipfence init write it, or name another by -c settings=FILE'
        : message
    throw new ConfigError(`Cannot read settings "${file}": ${why}`, { cause: error })
  }
}
