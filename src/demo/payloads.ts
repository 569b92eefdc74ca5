import type { Dice } from './dice.ts';

export type Template = 'receipt-v1' | 'receipt-v2';

/** The shops that use the service. The host of one of them is gone: nobody answers at hooks.globex.example. */
export const tenants = ['acme', 'hooli', 'initech', 'umbrella'] as const;
export const unreachableTenant = 'globex';

// biome-ignore format: names read best in rows
const names = [
  'Ada Brandt', 'Noor Haddad', 'Mateo Silva', 'Yuki Tanaka', 'Lena Fischer', 'Omar Diallo', 'Priya Nair', 'Tom Becker',
  'Sofia Rossi', 'Jan Novak', 'Maya Cohen', 'Erik Lund', 'Chloe Martin', 'Daniel Kim', 'Aisha Khan', 'Pavel Horak',
] as const;

const addressOf = (name: string, dice: Dice): string =>
  `${name.toLowerCase().replace(' ', '.')}${dice.whole(1, 99)}@${dice.pick(['example.com', 'example.org', 'mail.example'])}`;

const amount = (dice: Dice) => ({ cents: dice.whole(490, 24_990), currency: dice.pick(['EUR', 'EUR', 'USD', 'GBP']) });

/** `receipt-v2` asks for a field that orders do not have: the bad deploy. */
export function receipt(dice: Dice, template: Template) {
  const name = dice.pick(names);
  return {
    order_id: `ord_${dice.hex(8)}`,
    tenant: dice.pick(tenants),
    template,
    customer: { name, email: addressOf(name, dice) },
    amount: amount(dice),
    card: { brand: dice.pick(['visa', 'mastercard']), number: `4242 **** **** ${dice.whole(1000, 9999)}` },
  };
}

/** Goes out through another mail provider than the receipts. */
export function welcome(dice: Dice) {
  const name = dice.pick(names);
  return {
    user_id: `usr_${dice.hex(8)}`,
    email: addressOf(name, dice),
    locale: dice.pick(['en', 'de', 'fr', 'ja']),
    provider: 'mailhop',
    activation_token: dice.hex(32),
  };
}

export function delivery(dice: Dice, tenant: string) {
  return {
    delivery_id: `whd_${dice.hex(8)}`,
    tenant,
    event: dice.pick(['order.paid', 'order.paid', 'order.refunded', 'order.shipped']),
    url: `https://hooks.${tenant}.example/orders`,
    headers: { authorization: `Bearer ${dice.hex(40)}`, 'x-request-id': dice.hex(16) },
    body: { order_id: `ord_${dice.hex(8)}`, amount: amount(dice) },
  };
}

export function report(dice: Dice, tenant: string) {
  return {
    tenant,
    report: dice.pick(['revenue', 'orders', 'vat']),
    period: dice.pick(['last-week', 'last-month', 'last-quarter']),
    format: dice.pick(['csv', 'xlsx']),
    requested_by: `finance@${tenant}.example`,
    download_token: dice.hex(32),
  };
}
