import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lacks } from '../skips.ts'
import { ACL_ID, openAccount } from './account.ts'
import { fifoAlike, fifoDifferent } from './moto-fifo.ts'
import type { Post } from './moto-posts.ts'
import { localPost, motoPost } from './moto-posts.ts'
import { queuesAlike, queuesDifferent } from './moto-queues.ts'
import type { MotoServer } from './moto-server.ts'
import { startMoto } from './moto-server.ts'
import type { Place } from './moto-table.ts'
import { alike, different } from './moto-table.ts'
import type { TierPlace } from './moto-tiers.ts'
import { localTiers, motoTiers, tiersAlike, tiersDifferent } from './moto-tiers.ts'
import { topicsAlike, topicsDifferent } from './moto-topics.ts'

/** "accepted" and what it returned, or the name of the error. */
async function outcome<Where>(doing: (place: Where) => Promise<unknown>, place: Where): Promise<unknown> {
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

  async function both(doing: (place: Place) => Promise<unknown>): Promise<{ local: unknown; moto: unknown }> {
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

  async function bothPosts(
    doing: (post: Post) => Promise<unknown>,
  ): Promise<{ local: unknown; moto: unknown }> {
    const local = await outcome(doing, await localPost())
    return { local, moto: await outcome(doing, await motoPost(moto)) }
  }

  test.each([...queuesAlike, ...fifoAlike, ...topicsAlike])('both as AWS: %s', async (_name, doing, aws) => {
    expect(await bothPosts(doing)).toEqual({ local: aws, moto: aws })
  })

  test.each([...queuesDifferent, ...fifoDifferent, ...topicsDifferent])(
    'moto differs from AWS: %s',
    async (_name, doing, aws, motos) => {
      expect(await bothPosts(doing)).toEqual({ local: aws, moto: motos })
    },
  )

  async function bothTiers(
    doing: (place: TierPlace) => Promise<unknown>,
  ): Promise<{ local: unknown; moto: unknown }> {
    const local = await outcome(doing, await localTiers())
    return { local, moto: await outcome(doing, await motoTiers(moto)) }
  }

  test.each(tiersAlike)('both as AWS: %s', async (_name, doing, aws) => {
    expect(await bothTiers(doing)).toEqual({ local: aws, moto: aws })
  })

  test.each(tiersDifferent)('moto differs from AWS: %s', async (_name, doing, aws, motos) => {
    expect(await bothTiers(doing)).toEqual({ local: aws, moto: motos })
  })
})
