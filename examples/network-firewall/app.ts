import { App } from 'aws-cdk-lib/core'
import { DenySip } from './deny-sip.ts'

const app = new App()

function given(name: string, otherwise?: string): string {
  const value: unknown = app.node.tryGetContext(name) ?? otherwise
  if (typeof value === 'string' && value !== '') return value
  throw new Error(
    `Cannot make a firewall policy: nothing says ${name}; say it by -c ${name}=…, as README.md shows`,
  )
}

function action(): 'alert' | 'drop' {
  const word = given('action', 'alert')
  if (word === 'alert' || word === 'drop') return word
  throw new Error(`Cannot make a firewall policy: action should be "alert" or "drop"; it is "${word}"`)
}

new DenySip(app, 'SipFenceNetworkFirewall', {
  denyLists: { ipv4: given('denyListIpv4'), ipv6: given('denyListIpv6') },
  home: given('home').split(','),
  ports: given('ports', '5060').split(',').map(Number),
  action: action(),
})
