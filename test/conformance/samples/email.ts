import type { ChannelSample } from '../sample.js';

export const sample: ChannelSample = {
  settings: (environment) => ({
    imapUrl: environment['IMAP_URL'],
    smtpUrl: environment['SMTP_URL'],
    from: environment['MAIL_FROM'],
    reception: { url: environment['SMTP_LISTEN_URL'] },
  }),
  address: 'lapor@ambon.example',
  citizen: { from: 'budi@warga.example', address: { scheme: 'mailto', value: 'budi@warga.example' } },
  duplicateFault: 'duplicate',
};
