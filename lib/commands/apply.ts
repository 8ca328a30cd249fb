import type { Command } from 'commander'
import { wokenText } from '../view/mode-text.ts'
import { lateRoundText } from './deployed.ts'
import { type DeployedOptions, deployedCommand, withDeployed } from './deployed-options.ts'
import { print, terminalWidth } from './terminal.ts'

export function addApply(program: Command): void {
  deployedCommand(program, 'apply', 'ask for a round now instead of within a minute').action(
    (options: DeployedOptions) =>
      withDeployed(options, async (deployed) => {
        await deployed.wake()
        print([...wokenText(deployed.fence.id), ...(await lateRoundText(deployed, terminalWidth()))])
      }),
  )
}
