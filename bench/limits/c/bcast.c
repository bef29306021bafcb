// The lower bound of what a delivery costs: a broadcast server in plain C on
// epoll, one thread, that speaks the lab original's protocol (a text frame in,
// the same text frame to all in the room) and gathers what is pending in a room
// into one send(2) per member. No sign-in, no storage, no JSON.
//   cc -O2 -o bcast bcast.c
//   bcast PORT
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

struct room;
struct conn { int fd, up, pos, want; struct room *room; char *in; int nin; char *out; int nout; };
struct room { char name[32]; struct conn **c; int n, cap; char *batch; int len, bcap, dirty; struct room *next; };
static struct conn *conns[1 << 16];
static struct room *rooms[1 << 14], *dirty[1 << 14];
static int ndirty, ep;
static char buf[65536];

static uint32_t rol(uint32_t x, int n) { return x << n | x >> (32 - n); }
// sha1 of a message of at most 119 bytes, which a handshake's key and GUID are.
static void sha1(const char *s, size_t n, unsigned char *out) {
  unsigned char m[128] = {0};
  uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}, w[80];
  memcpy(m, s, n);
  m[n] = 0x80;
  size_t blocks = n + 9 <= 64 ? 1 : 2;
  m[blocks * 64 - 2] = n >> 5; m[blocks * 64 - 1] = n << 3;
  for (unsigned char *p = m; p < m + blocks * 64; p += 64) {
    for (int i = 0; i < 16; i++) w[i] = (uint32_t)p[4 * i] << 24 | p[4 * i + 1] << 16 | p[4 * i + 2] << 8 | p[4 * i + 3];
    for (int i = 16; i < 80; i++) w[i] = rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (int i = 0; i < 80; i++) {
      uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 || i >= 60 ? b ^ c ^ d : (b & c) | (b & d) | (c & d);
      uint32_t k = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 : i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
      uint32_t t = rol(a, 5) + f + e + k + w[i];
      e = d; d = c; c = rol(b, 30); b = a; a = t;
    }
    h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e;
  }
  for (int i = 0; i < 20; i++) out[i] = h[i / 4] >> (24 - 8 * (i & 3));
}
static void base64(const unsigned char *d, int n, char *out) {
  static const char *a = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int i = 0; i < n; i += 3) {
    uint32_t v = d[i] << 16 | (i + 1 < n ? d[i + 1] << 8 : 0) | (i + 2 < n ? d[i + 2] : 0);
    *out++ = a[v >> 18]; *out++ = a[v >> 12 & 63];
    *out++ = i + 1 < n ? a[v >> 6 & 63] : '='; *out++ = i + 2 < n ? a[v & 63] : '=';
  }
  *out = 0;
}
static void closec(struct conn *c) {
  if (c->fd < 0) return;
  conns[c->fd] = 0;
  close(c->fd);
  c->fd = -1;
  struct room *r = c->room;
  if (r) { r->c[c->pos] = r->c[--r->n]; r->c[c->pos]->pos = c->pos; }
  free(c->in);
  free(c->out);
  free(c);
}
static void arm(struct conn *c, int out) {
  struct epoll_event e = {.events = EPOLLIN | EPOLLRDHUP | (out ? EPOLLOUT : 0), .data.fd = c->fd};
  epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
  c->want = out;
}
static void keep(struct conn *c, const char *p, int n) {
  c->out = realloc(c->out, c->nout + n);
  memcpy(c->out + c->nout, p, n);
  c->nout += n;
  if (!c->want) arm(c, 1);
}
static void put(struct conn *c, const char *p, int n) {
  if (c->nout) { keep(c, p, n); return; }
  int k = send(c->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (k < 0) { if (errno != EAGAIN) return; k = 0; }
  if (k < n) keep(c, p + k, n - k);
}
static void join(struct conn *c, const char *name) {
  unsigned h = 5381;
  for (const char *s = name; *s; s++) h = h * 33 + *s;
  h &= (1 << 14) - 1;
  struct room *r = rooms[h];
  while (r && strcmp(r->name, name)) r = r->next;
  if (!r) { r = calloc(1, sizeof *r); strcpy(r->name, name); r->next = rooms[h]; rooms[h] = r; }
  if (r->n == r->cap) { r->cap = r->cap ? r->cap * 2 : 16; r->c = realloc(r->c, r->cap * sizeof *r->c); }
  c->pos = r->n; r->c[r->n++] = c; c->room = r; c->up = 1;
}
static void upgrade(struct conn *c, char *head) {
  char key[128] = "", name[32] = "", out[256];
  char *q = strstr(head, "room="), *k = strcasestr(head, "Sec-WebSocket-Key:");
  if (q) sscanf(q + 5, "%31[^ \r&]", name);
  if (k) sscanf(k + 18, " %60[^\r]", key);
  strcat(key, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  unsigned char d[20];
  char b[64];
  sha1(key, strlen(key), d);
  base64(d, 20, b);
  join(c, name);
  put(c, out, sprintf(out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", b));
}
static int hdr(unsigned char *d, int op, int n) {
  d[0] = 0x80 | op;
  if (n < 126) { d[1] = n; return 2; }
  d[1] = 126; d[2] = n >> 8; d[3] = n; return 4;
}
static void readc(struct conn *c) {
  int k = c->nin;
  if (k) memcpy(buf, c->in, k);
  c->nin = 0;
  int n = recv(c->fd, buf + k, sizeof buf - 1 - k, MSG_DONTWAIT);
  if (n < 0 && errno == EAGAIN) { c->nin = k; return; }
  if (n <= 0) { closec(c); return; }
  n += k;
  unsigned char *b = (unsigned char *)buf, *end = b + n;
  *end = 0;
  if (!c->up) {
    char *e = strstr(buf, "\r\n\r\n");
    if (!e) goto rest;
    upgrade(c, buf);
    b = (unsigned char *)e + 4;
  }
  while (end - b >= 2) {
    int op = b[0] & 15, l = b[1] & 127, h = 2;
    if (l == 126) { if (end - b < 4) break; l = b[2] << 8 | b[3]; h = 4; }
    else if (l == 127) { closec(c); return; }
    if (end - b < h + 4 + l) break;
    unsigned char *m = b + h, *p = b + h + 4;
    for (int i = 0; i < l; i++) p[i] ^= m[i & 3];
    b = p + l;
    if (op == 8) { closec(c); return; }
    if (op == 9) { unsigned char o[140]; int x = hdr(o, 10, l); memcpy(o + x, p, l); put(c, (char *)o, x + l); }
    if (op != 1 && op != 2) continue;
    struct room *r = c->room;
    if (r->len + l + 4 > r->bcap) r->batch = realloc(r->batch, r->bcap = (r->len + l + 4) * 2);
    r->len += hdr((unsigned char *)r->batch + r->len, op, l);
    memcpy(r->batch + r->len, p, l);
    r->len += l;
    if (!r->dirty) { r->dirty = 1; dirty[ndirty++] = r; }
  }
rest:
  if (end > b) { c->in = realloc(c->in, 65536); c->nin = end - b; memcpy(c->in, b, c->nin); }
}
static void flush(void) {
  for (int d = 0; d < ndirty; d++) {
    struct room *r = dirty[d];
    for (int i = 0; i < r->n; i++) put(r->c[i], r->batch, r->len);
    r->len = r->dirty = 0;
  }
  ndirty = 0;
}
int main(int argc, char **argv) {
  if (argc != 2) { fprintf(stderr, "usage: bcast PORT\n"); return 2; }
  struct rlimit rl;
  getrlimit(RLIMIT_NOFILE, &rl); rl.rlim_cur = rl.rlim_max; setrlimit(RLIMIT_NOFILE, &rl);
  int ln = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(ln, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  setsockopt(ln, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(ln, (void *)&a, sizeof a) || listen(ln, 4096)) { perror("listen"); return 1; }
  ep = epoll_create1(0);
  struct epoll_event e = {.events = EPOLLIN, .data.fd = ln}, evs[1024];
  epoll_ctl(ep, EPOLL_CTL_ADD, ln, &e);
  for (;;) {
    int n = epoll_wait(ep, evs, 1024, -1);
    for (int i = 0; i < n; i++) {
      int fd = evs[i].data.fd;
      if (fd == ln) {
        for (int k = 0; k < 256; k++) {
          int f = accept4(ln, 0, 0, SOCK_NONBLOCK);
          if (f < 0) break;
          struct conn *c = calloc(1, sizeof *c);
          c->fd = f; conns[f] = c;
          struct epoll_event x = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = f};
          epoll_ctl(ep, EPOLL_CTL_ADD, f, &x);
        }
        continue;
      }
      struct conn *c = conns[fd];
      if (!c) continue;
      if (evs[i].events & EPOLLOUT && c->nout) {
        int k = send(fd, c->out, c->nout, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (k > 0) { memmove(c->out, c->out + k, c->nout -= k); if (!c->nout) { free(c->out); c->out = 0; arm(c, 0); } }
      }
      if (evs[i].events & ~EPOLLOUT) readc(c);
    }
    flush();
  }
}
