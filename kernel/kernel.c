/* The quick lane's reader: lines of a table, from text to types in one pass.

   A value is taken when it is written in the contract's own form with nothing to repair, and a line
   when all its values are. Every other line is left to somebody else; nothing is repaired, judged or
   guessed here. What is taken has to be exactly what the
   contract lane would have made of it: tests hold the two against each other.

   Compiled to WebAssembly (make kernel): it reads and writes only the memory that it is given, so
   no byte of a file can do harm by it. The text ends with a line feed and PADDING bytes of zero:
   nothing looks further ahead. Pointers are 32 bits wide; Kernel (kernel.py) lays the memory out. */

typedef unsigned char u8;
typedef int i32;
typedef unsigned int u32;
typedef long long i64;
typedef unsigned long long u64;

enum { SKIPPED, WHOLE, MONEY, INSTANT, TEXT, EMAIL };         /* kinds of fields */
enum { IS_DOUBTFUL, IS_NULL, IS_FALLBACK };                   /* what an empty field is */
enum { IN_LOCAL = 1, IN_DOMAIN = 2 };                         /* where a letter of an address may be */

#define LONGEST_WHOLE 19 /* digits: they fit 64 bits, whatever they are */
#define LONGEST_MONEY 13 /* digits before the point */
#define PLACES 4
#define UNIT 10000
#define FIRST_YEAR 1970
#define DAYS_BEFORE_FIRST_YEAR 719468 /* from 0000-03-01 */
#define MICROS 1000000ll

typedef struct {
  i32 kind, empty;
  i64 low, high, fallback;
  i32 nonzero, is_wide;
  u8 *valid;       /* 1 where there is a value; 0 when that is always so */
  void *values;    /* of a text: where each begins in `letters`, and behind the last */
  u8 *letters;
  const u8 *marks; /* texts that mean: missing; each behind its length, 0 at the end */
  u32 used;        /* of `letters` */
  i32 unused;
} Field;

typedef struct {
  u32 delimiter, fields;
  Field *field;
  const u8 *blanks;  /* what trimming takes away, like marks */
  const u8 *classes; /* of each byte: IN_LOCAL, IN_DOMAIN */
  const u8 *skip;    /* 1 for each line that is not to be looked at; or 0 */
  i64 *lines;        /* of the rows that are taken */
  i64 *left;         /* the lines that are not */
  u32 rows, lefts;
} Job;

extern u8 __heap_base;

u8 *room(void) { return &__heap_base; }

static u8 ends_field[256];

static inline int is_digit(u8 c) { return (u8)(c - '0') < 10; }

static inline const u8 *read_digits(const u8 *p, u64 *value) {
  u64 sum = 0;
  while (is_digit(*p)) sum = sum * 10 + (*p++ - '0');
  *value = sum;
  return p;
}

/* Each reader returns where the value ends, or 0 when it is not plain. */

static inline const u8 *read_whole(const Field *field, const u8 *p, i64 *value) {
  int minus = *p == '-';
  const u8 *first = p += minus;
  u64 size;
  p = read_digits(p, &size);
  if (p == first || p - first > LONGEST_WHOLE || size >> 63) return 0;
  *value = minus ? -(i64)size : (i64)size;
  if (*value < field->low || *value > field->high) return 0;
  return field->nonzero && size == 0 ? 0 : p;
}

static inline const u8 *read_money(const Field *field, const u8 *p, i64 *value) {
  static const u32 worth[PLACES + 1] = {0, 1000, 100, 10, 1};
  u64 whole, part = 0;
  const u8 *first = p;
  u32 digits = (p = read_digits(p, &whole)) - first;
  if (digits == 0 || digits > LONGEST_MONEY) return 0;
  if (*p == '.') {
    first = ++p;
    digits = (p = read_digits(p, &part)) - first;
    if (digits == 0 || digits > PLACES) return 0;
    part *= worth[digits];
  }
  *value = whole * UNIT + part;
  return *value < field->low || *value > field->high ? 0 : p;
}

/* Two digits as a number; above 99 when they are none. */
static inline u32 two(const u8 *p) {
  u32 tens = (u8)(p[0] - '0'), ones = (u8)(p[1] - '0');
  return tens < 10 && ones < 10 ? tens * 10 + ones : 100;
}

static inline u32 days_of(u32 year, u32 month) {
  static const u8 days[] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return days[month] + (month == 2 && is_leap);
}

/* Days since 1970-01-01; a year begins in March here, so that the leap day is its last. */
static inline i64 day_number(u32 year, u32 month, u32 day) {
  u32 from_march = month > 2 ? month - 3 : month + 9;
  u32 y = year - (month <= 2);
  u32 days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * from_march + 2) / 5 + day - 1;
  return (i64)days - DAYS_BEFORE_FIRST_YEAR;
}

/* A day, with or without a time to the minute, second or fraction, with or without a Z behind it. */
static inline const u8 *read_instant(const Field *field, const u8 *p, i64 *value) {
  u32 century, year, month, day, hour, minute, second = 0, micros = 0;
  if ((century = two(p)) > 99 || (year = two(p + 2)) > 99 || p[4] != '-') return 0;
  if ((month = two(p + 5)) > 12 || p[7] != '-') return 0;
  year += century * 100;
  if ((day = two(p + 8)) == 0 || day > days_of(year, month) || year < FIRST_YEAR) return 0;
  i64 seconds = day_number(year, month, day) * 86400;
  p += 10;
  if (*p == ' ' || *p == 'T') {
    if ((hour = two(p + 1)) > 23 || p[3] != ':' || (minute = two(p + 4)) > 59) return 0;
    p += 6;
    if (*p == ':') {
      if ((second = two(p + 1)) > 59) return 0;
      p += 3;
      if (*p == '.') {
        const u8 *first = ++p;
        for (u32 worth = MICROS / 10; is_digit(*p) && worth; worth /= 10)
          micros += (*p++ - '0') * worth;
        if (p == first) return 0;
      }
    }
    seconds += (hour * 60 + minute) * 60 + second;
    p += *p == 'Z';
  }
  *value = seconds * MICROS + micros;
  return *value > field->high ? 0 : p;
}

static inline int is_there(const u8 *listed, const u8 *p) {
  for (u32 i = 0; i < *listed; i++)
    if (listed[1 + i] != p[i]) return 0;
  return 1;
}

static int is_one_of(const u8 *listed, const u8 *from, const u8 *to) {
  for (; *listed; listed += *listed + 1)
    if (*listed == to - from && is_there(listed, from)) return 1;
  return 0;
}

static int begins_or_ends_with(const u8 *listed, const u8 *from, const u8 *to) {
  for (; *listed; listed += *listed + 1)
    if (*listed <= to - from && (is_there(listed, from) || is_there(listed, to - *listed)))
      return 1;
  return 0;
}

static int is_address(const u8 *classes, const u8 *p, const u8 *to) {
  const u8 *first = p;
  while (p < to && classes[*p] & IN_LOCAL) p++;
  if (p == first || p == to || *p != '@') return 0;
  for (u32 labels = 1;; labels++) {
    first = ++p;
    while (p < to && classes[*p] & IN_DOMAIN) p++;
    if (p == first) return 0;
    if (p == to) return labels > 1;
    if (*p != '.') return 0;
  }
}

/* Go to the end of a text; whether that is where its field ends, others see. */
static inline const u8 *skip_text(const u8 *p, int is_quoted) {
  if (is_quoted)
    while (*p != '"' && *p != '\n') p++;
  else
    while (!ends_field[*p]) p++;
  return p;
}

/* The same, and copy it. */
static inline const u8 *read_text(const Job *job, Field *field, const u8 *p, int is_quoted) {
  const u8 *first = p;
  u8 *to = field->letters + field->used;
  p = skip_text(p, is_quoted);
  if (p > first) {
    for (const u8 *from = first; from < p;) *to++ = *from++;
    u8 begin = *first, end = p[-1];
    int may_be_blank = begin <= ' ' || end <= ' ' || begin >= 0x80 || end >= 0x80;
    if (may_be_blank && begins_or_ends_with(job->blanks, first, p)) return 0;
    if (is_one_of(field->marks, first, p)) return 0;
    if (field->kind == EMAIL && !is_address(job->classes, first, p)) return 0;
  }
  return p;
}

/* Read a field into `row`, and return where the next begins, or where the line ends. */
static inline const u8 *read_field(const Job *job, Field *field, const u8 *p, u32 row) {
  int is_quoted = *p == '"';
  const u8 *first = p += is_quoted;
  i64 value = field->fallback;
  int is_empty = is_quoted ? *p == '"' : ends_field[*p];
  if (is_empty && field->empty == IS_DOUBTFUL) return 0;
  switch (field->kind) {
  case WHOLE:
    if (!is_empty) p = read_whole(field, p, &value);
    break;
  case MONEY:
    if (!is_empty) p = read_money(field, p, &value);
    break;
  case INSTANT:
    if (!is_empty) p = read_instant(field, p, &value);
    break;
  case SKIPPED:
    p = skip_text(p, is_quoted);
    break;
  default:
    p = read_text(job, field, p, is_quoted);
  }
  if (!p) return 0;
  if (field->valid) field->valid[row] = !is_empty || field->empty == IS_FALLBACK;
  if (field->kind >= TEXT)
    ((u32 *)field->values)[row + 1] = field->used += p - first;
  else if (field->is_wide)
    ((i64 *)field->values)[row] = value;
  else if (field->kind != SKIPPED)
    ((i32 *)field->values)[row] = value;
  if (is_quoted) return *p == '"' ? p + 1 : 0;
  return p;
}

/* Read a line into `row`. Returns where the next line begins, or 0 when this one is not plain. */
static inline const u8 *read_line(const Job *job, const u8 *p, u32 row) {
  Field *field = job->field, *behind = field + job->fields;
  for (;;) {
    if (!(p = read_field(job, field, p, row))) return 0;
    if (++field == behind) break;
    if (*p++ != job->delimiter) return 0;
  }
  p += *p == '\r';
  return *p == '\n' ? p + 1 : 0;
}

static void begin_texts(const Job *job) {
  for (Field *field = job->field; field < job->field + job->fields; field++)
    if (field->kind >= TEXT) field->used = ((u32 *)field->values)[0] = 0;
}

static void forget_texts(const Job *job, u32 row) {
  for (Field *field = job->field; field < job->field + job->fields; field++)
    if (field->kind >= TEXT) field->used = ((u32 *)field->values)[row];
}

void read_lines(Job *job, const u8 *text, u32 size, i64 line) {
  for (u32 i = 0; i < 256; i++)
    ends_field[i] = i == job->delimiter || i == '\n' || i == '\r' || i == '"';
  begin_texts(job);
  const u8 *skip = job->skip;
  u32 row = 0, lefts = 0;
  for (const u8 *p = text, *next; p < text + size; p = next, line++) {
    int is_skipped = (skip && *skip++) || *p == '\n' || (*p == '\r' && p[1] == '\n');
    if (!is_skipped && (next = read_line(job, p, row))) {
      job->lines[row++] = line;
      continue;
    }
    if (!is_skipped) {
      job->left[lefts++] = line;
      forget_texts(job, row);
    }
    for (next = p; *next++ != '\n';) {}
  }
  job->rows = row;
  job->lefts = lefts;
}
