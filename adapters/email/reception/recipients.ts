/** Whose mail is taken: the configured recipients' and nobody else's. */

/**
 * Case does not matter, as no mail system of today tells `Lapor@` from `lapor@`; a detail after `+` is a part
 * of the same mailbox: https://www.rfc-editor.org/rfc/rfc5233
 */
export function recipientCheck(recipients: readonly string[]): (address: string) => boolean {
  const known = new Set(recipients.map((recipient) => plain(recipient)));
  return (address) => known.has(plain(address)) || known.has(withoutDetail(plain(address)));
}

function plain(address: string): string {
  return address.trim().toLowerCase().normalize('NFC');
}

function withoutDetail(address: string): string {
  const at = address.lastIndexOf('@');
  const [mailbox = ''] = address.slice(0, at).split('+', 1);
  return mailbox + address.slice(at);
}
