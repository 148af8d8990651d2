/**
 * The mail that the demo begins with: ordinary letters to a bakery, and the awkward kinds that real mail has
 * (a newsletter with pictures inside and out, attachments, four scripts, an invitation, a thread).
 */
import type Mail from 'nodemailer/lib/mailer/index.js'
import { clara, people, shared, writers } from './cast.ts'
import { paper } from './paper.ts'
import { bars, draw, harbour, loaf } from './picture.ts'

export type Letter = Mail.Options & { from: string; to: string; cc?: string }

const MINUTE = 60_000
const tom = people[1]?.address ?? clara.address
const claraAddress = `"${clara.name}" <${clara.address}>`

/** @param now the newest letter is a minute older, the oldest five hours */
export function firstLetters(now: Date): Letter[] {
  const ago = (minutes: number) => new Date(now.getTime() - minutes * MINUTE)
  return [
    newsletter(ago(300)),
    statement(ago(250)),
    ...thread(ago),
    catalan(ago(120)),
    greek(ago(95)),
    japanese(ago(80)),
    arabic(ago(65)),
    invitation(ago(40), now),
    toTheShop(ago(20)),
    photographs(ago(8)),
    plain(ago(1)),
  ]
}

function newsletter(date: Date): Letter {
  const cell = 'padding:0 0 20px;font:15px/1.55 Georgia,serif;color:#3b2f26'
  return {
    from: writers.news,
    to: claraAddress,
    date,
    subject: 'The Flour Post: what the wet autumn does to your dough',
    list: { unsubscribe: { url: 'https://flourpost.example/leave', comment: 'Leave' } },
    text: 'Protein is down half a point this year. Hold back 2 % of the water and rest the dough longer.\n\nhttps://flourpost.example/autumn',
    html: `<div style="background:#f6f1e8;padding:24px">
<table role="presentation" width="600" align="center" style="background:#fff;border-radius:6px;max-width:600px">
<tr><td style="padding:22px 28px 6px;font:700 26px Georgia,serif;color:#8a4b1c">The Flour Post</td></tr>
<tr><td style="padding:0 28px 16px;font:13px Arial,sans-serif;color:#8b8178">Every second Tuesday, for people who get up at three</td></tr>
<tr><td><img src="cid:loaf" width="600" alt="A loaf with three cuts" style="display:block;width:100%"></td></tr>
<tr><td style="padding:24px 28px 0"><table role="presentation">
<tr><td style="${cell}"><b>Protein is down half a point.</b> The wet autumn shows in every sack we tested. Hold back two per cent of the water, give the dough twenty minutes more, and leave the hydration alone until you have felt it.</td></tr>
<tr><td style="${cell}"><b>What sold last week.</b> Rye is back, as every November:<br><img src="cid:chart" width="420" alt="Bar chart of a week's sales" style="margin-top:10px"></td></tr>
<tr><td style="${cell}"><a href="https://flourpost.example/autumn" style="color:#8a4b1c">Read the measurements</a></td></tr>
</table></td></tr></table>
<img src="https://flourpost.example/open.gif?reader=4711" width="1" height="1" alt="">
<img src="https://flourpost.example/sponsor.png" width="600" alt="A word from our sponsor">
<script>alert('newsletters should not do this')</script></div>`,
    attachments: [
      { filename: 'loaf.png', content: draw(600, 340, loaf), cid: 'loaf' },
      { filename: 'week.png', content: draw(420, 180, bars([31, 28, 34, 45, 62, 88, 20])), cid: 'chart' },
    ],
  }
}

function statement(date: Date): Letter {
  return {
    from: writers.bank,
    to: claraAddress,
    date,
    subject: 'Your statement for October',
    text: 'Dear Ms Puig,\n\nyour statement is attached, as a document and as a table.\n\nTown Bank',
    attachments: [
      {
        filename: 'Statement October.pdf',
        contentType: 'application/pdf',
        content: paper([
          { text: 'Town Bank', size: 22, bold: true },
          { text: 'Statement of account, October', size: 14, gap: 14 },
          { text: 'Example Bakery, 4 Mill Lane', gap: 24 },
          { text: '01.10.  Balance brought forward          8,412.70', gap: 24 },
          { text: '04.10.  Old Mill, flour                        -1,260.00' },
          { text: '12.10.  Harbour Caf\xe9, October orders         +2,118.40' },
          { text: '28.10.  Wages                                  -5,930.00' },
          { text: '31.10.  Balance                                 3,341.10', bold: true },
        ]),
      },
      {
        filename: 'statement.csv',
        content:
          'date;text;amount\n2026-10-04;Old Mill, flour;-1260.00\n2026-10-12;Harbour Café, October orders;2118.40\n2026-10-28;Wages;-5930.00\n',
      },
    ],
  }
}

function thread(ago: (minutes: number) => Date): Letter[] {
  const id = (name: string) => `<${name}.delivery@oldmill.example>`
  const subject = 'Delivery on Thursday: lorry or van?'
  return [
    {
      from: writers.mill,
      to: claraAddress,
      cc: writers.millOffice,
      date: ago(200),
      messageId: id('1'),
      subject,
      text: 'Hello Clara,\n\nthe lorry is in the workshop. I can bring 40 sacks on Thursday with the van, or all 60 on Friday with the lorry. What do you prefer?\n\nMartha',
    },
    {
      from: writers.millOffice,
      to: `${writers.mill}, ${claraAddress}`,
      date: ago(170),
      messageId: id('2'),
      inReplyTo: id('1'),
      references: [id('1')],
      subject: `Re: ${subject}`,
      text: 'Martha, mind that Friday is a holiday at the depot: no lorry before Monday.\n\n> or all 60 on Friday with the lorry\n\nOffice',
    },
    {
      from: writers.mill,
      to: claraAddress,
      cc: writers.millOffice,
      date: ago(150),
      messageId: id('3'),
      inReplyTo: id('2'),
      references: [id('1'), id('2')],
      subject: `Re: ${subject}`,
      text: 'Right, I had forgotten. Then it is the van on Thursday at six and the other 20 sacks on Monday. Just say yes, Clara, and I load tonight.\n\nMartha',
    },
  ]
}

function catalan(date: Date): Letter {
  return {
    from: writers.anna,
    to: claraAddress,
    date,
    subject: 'Panellets per a Tots Sants: quants en voleu enguany?',
    text: 'Bon dia, Clara!\n\nAquest any fem els panellets amb l’ametlla de la nova collita. Quants quilos us en guardo? L’any passat en vau voler dotze i us en van faltar.\n\nUna abraçada des de Vic,\nAnna',
  }
}

function greek(date: Date): Letter {
  return {
    from: writers.nikos,
    to: claraAddress,
    date,
    subject: 'Παραγγελία για το Σάββατο',
    text: 'Καλημέρα Κλάρα,\n\nγια το Σάββατο θα χρειαστούμε 30 φραντζόλες και 12 καρβέλια με προζύμι. Μπορείτε να τα φέρετε πριν τις επτά;\n\nΕυχαριστώ πολύ,\nΝίκος',
  }
}

function japanese(date: Date): Letter {
  return {
    from: writers.mei,
    to: claraAddress,
    date,
    subject: '食パンの試食会のお知らせ',
    text: 'プイグ様\n\nお世話になっております。来月の試食会に、御社のカンパーニュを十個お願いできますでしょうか。\n会場は港の近くです。詳細は追ってご連絡いたします。\n\nよろしくお願いいたします。\n田中 芽衣',
  }
}

function arabic(date: Date): Letter {
  return {
    from: writers.layla,
    to: claraAddress,
    date,
    subject: 'شكرًا على الخبز',
    text: 'عزيزتي كلارا،\n\nوصل الخبز ساخنًا كما وعدتِ، والضيوف سألوا عن عنوان المخبز.\nنريد عشرين رغيفًا كل يوم جمعة.\n\nمع التحية،\nليلى حداد',
    html: '<div dir="rtl" lang="ar" style="font:17px/1.8 serif"><p>عزيزتي كلارا،</p><p>وصل الخبز ساخنًا كما وعدتِ، والضيوف سألوا عن عنوان المخبز. نريد <b>عشرين رغيفًا</b> كل يوم جمعة.</p><p>مع التحية،<br>ليلى حداد</p></div>',
  }
}

function invitation(date: Date, now: Date): Letter {
  const day = new Date(now.getTime() + 3 * 24 * 60 * MINUTE)
  const stamp = (hour: number) =>
    `${day.toISOString().slice(0, 10).replaceAll('-', '')}T${String(hour).padStart(2, '0')}0000Z`
  const content = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Old Mill//Calendar//EN',
    'METHOD:REQUEST',
    'BEGIN:VEVENT',
    'UID:tasting-1@oldmill.example',
    `DTSTAMP:${date.toISOString().replaceAll(/[-:]|\.\d+/g, '')}`,
    `DTSTART:${stamp(9)}`,
    `DTEND:${stamp(10)}`,
    'SUMMARY:Tasting of the new rye',
    'LOCATION:Old Mill\\, first floor',
    'ORGANIZER;CN=Martha Miller:mailto:martha@oldmill.example',
    `ATTENDEE;CN=${clara.name};RSVP=TRUE:mailto:${clara.address}`,
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n')
  return {
    from: writers.mill,
    to: claraAddress,
    cc: tom,
    date,
    subject: 'Invitation: tasting of the new rye',
    text: 'Come and taste it before we mill the rest. Coffee is on us.\n\nMartha',
    icalEvent: { method: 'REQUEST', filename: 'tasting.ics', content },
  }
}

function toTheShop(date: Date): Letter {
  return {
    from: writers.jan,
    to: shared.address,
    date,
    subject: 'Do you ship stollen to Utrecht?',
    text: 'Hello,\n\nwe had your stollen at a friend’s house and would like four of them before Saint Nicholas. Do you ship to the Netherlands, and what does it cost?\n\nKind regards,\nJan de Vries',
  }
}

function photographs(date: Date): Letter {
  return {
    from: writers.cafe,
    to: claraAddress,
    cc: shared.address,
    date,
    subject: 'The terrace at sunset, and tomorrow’s order',
    text: 'Picture attached, so that you see where your bread ends. Tomorrow please 24 rolls and 6 rye.',
    html: '<p>Picture attached, so that you see where your bread ends.</p><p>Tomorrow please <b>24 rolls</b> and <b>6 rye</b>.</p><p>Harbour Café</p>',
    attachments: [
      { filename: 'terrace.png', content: draw(720, 420, harbour) },
      { filename: 'order.txt', content: 'rolls   24\nrye      6\n' },
    ],
  }
}

function plain(date: Date): Letter {
  return {
    from: writers.cafe,
    to: claraAddress,
    date,
    subject: 'Can we have eight rye instead of six?',
    text: 'Sorry, one more table has booked. Can you make it eight rye for tomorrow? Please say yes or no before noon.\n\nHarbour Café',
  }
}

const later: readonly Pick<Letter, 'from' | 'subject' | 'text'>[] = [
  {
    from: writers.cafe,
    subject: 'The oven man is coming at three',
    text: 'He needs somebody who knows how the old door was hung. Is Tom in?\n\nHarbour Café',
  },
  {
    from: writers.mill,
    subject: 'Van is loaded',
    text: '40 sacks, on the road at half past five. Is the yard gate open?\n\nMartha',
  },
  {
    from: writers.anna,
    subject: 'Una pregunta ràpida',
    text: 'Clara, la massa mare que em vas donar ja dobla en quatre hores. És normal amb aquest fred?\n\nAnna',
  },
  {
    from: writers.jan,
    subject: 'Re: stollen',
    text: 'We would take six, if that makes the parcel cheaper.\n\nJan',
  },
  {
    from: writers.news,
    subject: 'Butter goes up on Monday',
    text: 'By four per cent, says the exchange. If you have room in the cold store, this is the week.\n\nThe Flour Post',
  },
  {
    from: writers.nikos,
    subject: 'Άλλα δέκα καρβέλια',
    text: 'Κλάρα, μας ήρθε γκρουπ. Γίνεται να προσθέσουμε δέκα καρβέλια για αύριο;\n\nΝίκος',
  },
]

/** One more letter to the person of the story. @param number counts from 0 */
export function nextLetter(number: number, now: Date): Letter {
  const letter = later[number % later.length] ?? later[0]
  if (!letter) throw new Error('there are no letters')
  const round = Math.floor(number / later.length)
  return {
    ...letter,
    from: String(letter.from),
    to: claraAddress,
    date: now,
    subject: round === 0 ? letter.subject : `${letter.subject} (${round + 1})`,
  }
}
