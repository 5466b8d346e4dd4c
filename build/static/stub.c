/*
 * The code that starts a self-contained program: static-file.ts lays it out beside the C library's files, stub.ts compiles it.
 *
 *   kernel -> start -> ld.so -> program_start -> the program
 *                        \-> open_hook, for each file that ld.so opens, as long as the process lives
 *
 * The kernel has mapped ld.so and the library files with the program, at the addresses that the macros below name. No code here
 * keeps state, calls the C library or needs a stack of its own.
 *
 *   PROGRAM_ENTRY           where the program's own code starts
 *   PROGRAM_HEADERS, _COUNT the program's own header table, in memory: the one with a PT_INTERP, on which ld.so insists
 *   LOADER_BASE, _ENTRY     ld.so in memory, and where it starts
 *   LOADER_OPEN_REST        its function that opens files, behind the eight bytes that a jump to open_hook has replaced
 *   LIBRARIES, _BYTES       the library files in memory
 *   LIBRARY_TABLE           { "libc.so.6", address, size }, ...
 */
#include <asm/unistd.h>
#include <elf.h>
#include <linux/memfd.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_OF(macro) TEXT(macro)
#define TEXT(words) #words

enum { R_OK = 4, SEEK_START = 0, MADVISE_DONTNEED = 4, STDERR = 2, FAILED = 1 };

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

/* The two ways in from elsewhere, eight bytes apart: see STUB_ENTRY in stub.ts. */
__asm__(
    ".section .entries, \"ax\"\n"
    "  jmp start\n"
    "  .balign 8\n"
    "  jmp open_hook\n"
    ".text\n"
    /* From the kernel; the stack stays as it is. */
    "start:\n"
    "  mov %rsp, %rdi\n"
    "  call prepare\n"
    "  xor %edx, %edx\n"
    "  jmp " TEXT_OF(LOADER_ENTRY) "\n"
    /* From ld.so; rdx is what the program is to call at its end. */
    "program_start:\n"
    "  push %rdx\n"
    "  push %rdx\n"
    "  call forget_libraries\n"
    "  pop %rdx\n"
    "  pop %rdx\n"
    "  jmp " TEXT_OF(PROGRAM_ENTRY) "\n"
    /*
     * Replaces ld.so's open(path, flags, mode): returns a bundled library if there is one, else calls the original with
     * an empty path, which fails with ENOENT.
     */
    "open_hook:\n"
    "  push %rsi\n"
    "  push %rdx\n"
    "  sub $8, %rsp\n"
    "  call open_library\n"
    "  add $8, %rsp\n"
    "  pop %rdx\n"
    "  pop %rsi\n"
    "  test %eax, %eax\n"
    "  js 1f\n"
    "  ret\n"
    "1:\n"
    "  lea no_path(%rip), %rdi\n"
    "  mov %esi, %r10d\n"
    "  mov %rdx, -0x20(%rsp)\n"
    "  jmp " TEXT_OF(LOADER_OPEN_REST) "\n"
    "no_path: .byte 0\n");

static const struct {
  char name[32];
  const char *bytes;
  size_t size;
} libraries[] = {LIBRARY_TABLE};

/*
 * Beginnings, in any case, of variables by which the C library, the runtime, its engine and its allocator can be made to run other code, open a debugger,
 * write files or change their ways. A server has no use for them (docs/workarounds.md, `environment`).
 */
static const char hidden_variables[][16] = {
    "LD_", "GLIBC_TUNABLES=", "MALLOC_", "GCONV_PATH=", "LOCPATH=", "NLSPATH=",
    "BUN_", "NODE_", "JSC_", "WTF_", "ICU_", "MIMALLOC_", "OPENSSL_CONF=", "SSLKEYLOGFILE=",
};

static long system_call(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
}

static size_t length(const char *text) {
  size_t n = 0;
  while (text[n]) n++;
  return n;
}

static int equal(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; }

static int starts_with(const char *text, const char *start) {
  while (*start)
    if (lower(*text++) != lower(*start++)) return 0;
  return 1;
}

static _Noreturn void fail(const char *message) {
  system_call(__NR_write, STDERR, (long)message, (long)length(message));
  for (;;) system_call(__NR_exit_group, FAILED, 0, 0);
}

static int is_hidden(const char *variable) {
  for (size_t i = 0; i < sizeof hidden_variables / sizeof *hidden_variables; i++)
    if (starts_with(variable, hidden_variables[i])) return 1;
  return 0;
}

/* Removes the hidden variables from the environment; returns its end. What is behind it moves down: ld.so reads it there. */
static Elf64_auxv_t *hide_variables(char **environment) {
  char **to = environment, **from = environment;
  for (; *from; from++)
    if (!is_hidden(*from)) *to++ = *from;
  *to++ = NULL;
  const Elf64_auxv_t *vector = (Elf64_auxv_t *)(from + 1);
  Elf64_auxv_t *moved = (Elf64_auxv_t *)to;
  size_t i = 0;
  do moved[i] = vector[i];
  while (moved[i++].a_type != AT_NULL);
  return moved;
}

extern const char program_start[];

/* Describes the program to ld.so as the kernel would, with program_start as its entry. stack: argc, argv, environment. */
__attribute__((used)) void prepare(uintptr_t *stack) {
  if (system_call(__NR_access, (long)"/proc/self/maps", R_OK, 0) != 0)
    fail("pushgateway: error: /proc is not mounted, and the program cannot run without it: mount -t proc proc /proc\n");
  Elf64_auxv_t *vector = hide_variables((char **)(stack + stack[0] + 2));
  for (; vector->a_type != AT_NULL; vector++) switch (vector->a_type) {
      case AT_PHDR: vector->a_un.a_val = PROGRAM_HEADERS; break;
      case AT_PHNUM: vector->a_un.a_val = PROGRAM_HEADER_COUNT; break;
      case AT_BASE: vector->a_un.a_val = LOADER_BASE; break;
      case AT_ENTRY: vector->a_un.a_val = (uintptr_t)program_start; break;
    }
}

/* The pages of the library files that were read are given back; they can be read again. */
__attribute__((used)) void forget_libraries(void) {
  system_call(__NR_madvise, LIBRARIES, LIBRARIES_BYTES, MADVISE_DONTNEED);
}

static int memory_file(const char *name) {
  long file = system_call(__NR_memfd_create, (long)name, MFD_CLOEXEC | MFD_NOEXEC_SEAL, 0);
  if (file < 0) file = system_call(__NR_memfd_create, (long)name, MFD_CLOEXEC, 0);
  if (file < 0) fail("pushgateway: error: the system refuses memfd_create, with which the C library is loaded\n");
  return (int)file;
}

/* A file of the bundle, by the last part of its path, as a descriptor at its start; -1 for any other. */
__attribute__((used)) int open_library(const char *path) {
  const char *name = path;
  for (const char *c = path; *c; c++)
    if (*c == '/') name = c + 1;
  for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
    if (!equal(name, libraries[i].name)) continue;
    int file = memory_file(name);
    for (size_t written = 0; written < libraries[i].size;) {
      long n = system_call(__NR_write, file, (long)(libraries[i].bytes + written), (long)(libraries[i].size - written));
      if (n <= 0) fail("pushgateway: error: there is no memory to load the C library\n");
      written += (size_t)n;
    }
    system_call(__NR_lseek, file, 0, SEEK_START);
    return file;
  }
  return -1;
}
