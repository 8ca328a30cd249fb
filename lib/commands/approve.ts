import type { Command } from 'commander'
import { approvedText } from '../view/mode-text.ts'
import { type DeployedOptions, deployedCommand, withDeployed } from './deployed-options.ts'
import { operator } from './operator.ts'
import { print } from './terminal.ts'

/** Long enough for a round or two, and no standing exception. */
const APPROVAL_MS = 300_000

export function addApprove(program: Command): void {
  deployedCommand(program, 'approve', 'let pass, for five minutes, what the brake stops').action(
    (options: DeployedOptions) =>
      withDeployed(options, async ({ fence, state, clock, wake }) => {
        const at = clock()
        const until = at + APPROVAL_MS
        await state.approve({ until, at, by: operator() })
        await wake()
        print(approvedText(fence.id, until))
      }),
  )
}
