/**
 * The words and phrases that prose must not use, and what to write instead. See docs/develop/style.md for the reasons.
 * A rule matches one paragraph at a time; text in backticks is never matched, so stored and public names stay as they are.
 */

export interface ProseRule {
  readonly id: string;
  readonly pattern: RegExp;
  readonly instead: string;
  /** Default: every kind of prose. */
  readonly only?: readonly ('comment' | 'test name' | 'text' | 'markdown')[];
}

/** Where a sentence or a clause begins. */
const START = String.raw`(?<=^|[.;:!?] |\| |— |– |[*_]{2})`;

function starting(words: string): RegExp {
  return new RegExp(`${START}(?:${words})`, 'g');
}

function words(list: string): RegExp {
  return new RegExp(String.raw`(?<![\w.:/-])(?:${list})(?![\w/]|-[a-z]|\.[a-z])`, 'gi');
}

export const PROSE_RULES: readonly ProseRule[] = [
  // Grammar
  {
    id: 'headless-who',
    pattern: starting('(?:Who(?:m|se)?|who(?:m|se)?) (?!(?:[^.;]*)\\?)[a-z]'),
    instead: 'name the actor: "a worker that …", "the consumer …"',
    only: ['comment', 'test name', 'text'],
  },
  {
    id: 'headless-what',
    pattern: starting(
      'What (?:is|was|has|does|cannot|came|comes|no|they|it|lies|stands|an?|remains|fails) [^.?;]*[.;]',
    ),
    instead: 'name the thing: "the objects that …"',
    only: ['comment', 'test name'],
  },
  { id: 'whoever', pattern: words('who(?:so)?ever|whom(?:so)?ever|whom'), instead: 'name the actor' },
  { id: 'person', pattern: words('he|him|his|himself|she|her|hers|herself'), instead: 'a process is "it"; name it' },
  {
    id: 'nobody',
    pattern: words('nobody|somebody|anybody|everybody'),
    instead: 'name the actor: "no process", "a client", "every worker"',
  },
  { id: 'those-who', pattern: words('those (?:who|whose|whom)'), instead: 'name the actor: "the waiting requests"' },
  {
    id: 'told',
    pattern: words('told|tells'),
    instead: 'name the actor and the act: "the API returns", "the worker logs", "the consumer receives"',
  },
  { id: 'heard', pattern: words('hears?|heard|heeds?|heeded|heard of'), instead: '"receives", "confirms", "reads"' },
  {
    id: 'unnamed-actor',
    pattern: /\b(?:is|are|was|were|be|been) (?:asked for|borne|owed|spoken|known of)\b/g,
    instead: 'active voice with a named actor',
  },
  {
    id: 'inverted',
    pattern: starting(
      '(?:Only now|Not before|Never (?:is|does|are|do|was|has|may)|Nor|In spite of|Of (?:a|an|the|several|two|all|many|these|them|those)) ',
    ),
    instead: 'normal word order',
  },
  { id: 'own', pattern: words("(?:one's|of (?:its|their)) own"), instead: '"a separate …", or name the owner' },
  {
    id: 'archaic',
    pattern: words(
      'thereof|therefrom|thereto|therein|therewith|whereof|wherefrom|whereto|wherein|whereupon|hence|whence|thence|thither|whither|hitherto|hereto|in vain|naught|nought|lest|forthwith|betimes|ere|anew|sundry|albeit|amidst|whilst|unto',
    ),
    instead: 'a present-day word',
  },
  {
    id: 'place-for-time',
    pattern: words(
      'behind(?= (?:(?:it|them|this|that|every|each)\\b|(?:the|a|an|its|their|one|any) (?!(?:[a-z]+ )?(?:prox(?:y|ies)|balancer|firewall|gateway|ingress|NAT|TLS|port|address|host))))',
    ),
    instead: '"after" or "later than"; "behind" is for a proxy',
  },
  {
    id: 'place-for-company',
    pattern: words('beside (?:it|them|this|that|each|every|other|the|a|an|its|their|one)'),
    instead: '"next to", "with", "in addition to" or "at the same time as"',
  },
  // Private metaphors
  { id: 'room', pattern: words('rooms?'), instead: '"capacity", "space", "slot", "folder" or the component' },
  { id: 'house', pattern: words('houses?|in-house'), instead: '"Cardseal", "the stack", "system tenant"' },
  { id: 'walk', pattern: words('walk(?:s|ed|ing|er|ers)?'), instead: '"scan", "sweep", "iterate over"' },
  {
    id: 'look',
    pattern: words('(?:a|an|the|one|last|first|next|each|every|second|closer|another) looks?'),
    instead: '"check", "poll", "read"',
  },
  { id: 'night', pattern: words('(?:the|a|one|each|every) nights?|nights'), instead: '"chaos run"' },
  { id: 'deed', pattern: words('deeds?'), instead: '"action", "operation"' },
  { id: 'judge', pattern: words('judg(?:e|es|ed|ing)|judge?ments?'), instead: '"check", "decide", "interop test"' },
  { id: 'lane', pattern: words('lanes?'), instead: '"endpoint concurrency limit"' },
  { id: 'leash', pattern: words('leash(?:es|ed)?'), instead: '"child supervisor"' },
  { id: 'conveyor', pattern: words('conveyors?'), instead: '"queue producer", "job queue"' },
  { id: 'mend', pattern: words('mend(?:s|ed|ing)?|heal(?:s|ed|ing)?'), instead: '"repair", "recover"' },
  {
    id: 'stand',
    pattern: words(
      'stood|stands? (?:in|behind|beside|there|for|by|at|on|under|up|still|as|alone|with|above|below|here)|(?:it|that|which|what|them|they) stands?|standstill',
    ),
    instead: '"is", "exists", "is stored"',
  },
  {
    id: 'lie',
    pattern: words(
      'l(?:ies|ay|ain|ying)(?= (?:in (?!the (?:past|future))|(?:on|under|at|beneath|behind|there|beside|beyond|by|with|about|between|around|here|ahead|open)\\b))',
    ),
    instead: '"is", "is stored"',
  },
  {
    id: 'dwell',
    pattern: words(
      'dwells?|dwelt|lives? (?:by|off|from)|befalls?|befell|begets?|bears? witness|reckons?|reckoned|abides?',
    ),
    instead: 'a plain verb',
  },
  { id: 'sick', pattern: words('sick(?:ness)?|healthy? again|ill'), instead: '"failing", "degraded"' },
  {
    id: 'verdict-on-jobs',
    pattern: words(
      'convict(?:s|ed|ion)?|acquit(?:s|ted|tal)?|(?:an?|the|each|every|no|one) suspects?|suspects|bystanders?|accused',
    ),
    instead: '"quarantine", "poison job", "crash count"',
  },
  {
    id: 'supervision',
    pattern: words('keepers?|the pulse|pulses|crew|solitude|the brake|governor|watchman'),
    instead: '"watchdog", "event-loop monitor", "concurrency controller", "load shedding"',
  },
  { id: 'witness', pattern: words('witness(?:es|ed)?|agreed clock'), instead: '"time source", "quorum clock"' },
  { id: 'patience', pattern: words('patien(?:ce|t|tly)|impatient'), instead: '"timeout"' },
  { id: 'foundation', pattern: words('foundations?'), instead: '"infrastructure", "preflight check"' },
  { id: 'strike', pattern: words('strik(?:e|es|ing)|struck'), instead: '"fault injection"' },
  { id: 'needle', pattern: words('needles?|haystack'), instead: '"secret pattern"' },
  { id: 'door', pattern: words('the doors?(?! to)|doorkeeper|door of'), instead: '"entry point", "first screen"' },
  {
    id: 'body-part',
    pattern: words(
      'at hand|by hand of|from the mouth|in (?:its|their) hands?|hands? (?:it |them )?over|takes? (?:it |them )?in hand|in the eyes of',
    ),
    instead: 'a plain verb',
  },
  {
    id: 'grave',
    pattern: words('graves?|(?:is|are|was|were|being) buried|funeral|mourns?|orphaned? (?:by|of)'),
    instead: '"tombstone", "deleted", "unreferenced"',
  },
  // One word per idea
  { id: 'picture', pattern: words('pictures?'), instead: '"image"' },
  {
    id: 'try',
    pattern: words(
      '(?:a|an|the|one|first|last|next|each|every|another|second|new|old|no|many|more|two|three|of) tr(?:y|ies)(?! to)|tries (?:are|left|of)',
    ),
    instead: '"attempt"',
  },
  {
    id: 'answer',
    pattern: words('(?:an|the|no|its|first|last|late|empty|their) answers?(?! of (?:a|the) name server)'),
    instead: '"response", or "returns"',
  },
];
