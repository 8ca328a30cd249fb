import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lacks } from '../skips.ts'
import { ACL_ID, openAccount } from './account.ts'
import type { MotoServer } from './moto-server.ts'
import { startMoto } from './moto-server.ts'
import type { Doing, Place } from './moto-table.ts'
import { alike, different } from './moto-table.ts'

/** "accepted" and what it returned, or the name of the error. */
async function outcome(doing: Doing, place: Place): Promise<unknown> {
  try {
    return (await doing(place)) ?? 'accepted'
  } catch (error) {
    return (error as Error).name
  }
}

describe.skipIf(lacks('the local AWS beside moto', 'moto'))('the local AWS beside moto', () => {
  let moto: MotoServer
  beforeAll(async () => {
    moto = await startMoto()
  })
  afterAll(() => moto.stop())

  async function both(doing: Doing): Promise<{ local: unknown; moto: unknown }> {
    const { ec2, serviceQuotas } = await openAccount({ acls: [{ id: ACL_ID, entries: [] }] })
    const local = await outcome(doing, { ec2, serviceQuotas, id: ACL_ID })
    return { local, moto: await outcome(doing, { ...moto, id: await moto.newAcl() }) }
  }

  test.each(alike)('both as AWS: %s', async (_name, doing, aws) => {
    expect(await both(doing)).toEqual({ local: aws, moto: aws })
  })

  test.each(different)('moto differs from AWS: %s', async (_name, doing, aws, motos) => {
    expect(await both(doing)).toEqual({ local: aws, moto: motos })
  })
})
