#define _POSIX_C_SOURCE 200809L

#include "tools/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MIN_WIDTH 40u
#define DEFAULT_WIDTH 80u

bool terminal_is(FILE *stream)
{
    return isatty(fileno(stream)) == 1;
}

unsigned terminal_width(FILE *stream)
{
    struct winsize size;
    if (!terminal_is(stream) || ioctl(fileno(stream), TIOCGWINSZ, &size) != 0 ||
        size.ws_col == 0) {
        return DEFAULT_WIDTH;
    }
    return size.ws_col < MIN_WIDTH ? MIN_WIDTH : size.ws_col;
}

static bool wants_colour(FILE *stream)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return terminal_is(stream) && (no_color == NULL || no_color[0] == '\0') &&
           (term == NULL || strcmp(term, "dumb") != 0);
}

static const char *style_code(enum terminal_style style)
{
    switch (style) {
    case TERMINAL_PLAIN:
        break;
    case TERMINAL_GOOD:
        return "32";
    case TERMINAL_BAD:
        return "1;31";
    case TERMINAL_CAUTION:
        return "33";
    case TERMINAL_TITLE:
        return "1";
    }
    return "0";
}

void terminal_print(FILE *stream, enum terminal_style style, const char *text)
{
    if (style != TERMINAL_PLAIN && wants_colour(stream)) {
        fprintf(stream, "\033[%sm%s\033[0m", style_code(style), text);
    } else {
        fputs(text, stream);
    }
}

/* Columns of `size` bytes of UTF-8: a character's further bytes take none. */
static unsigned columns(const char *word, size_t size)
{
    unsigned count = 0;
    for (size_t i = 0; i < size; i++) {
        if (((unsigned char)word[i] & 0xc0u) != 0x80u) {
            count++;
        }
    }
    return count;
}

/* Control characters, those of one byte and U+0080 to U+009F, could steer the
 * terminal: a question mark stands for each. */
static void print_word(FILE *stream, const char *word, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)word[i];
        bool wide =
            byte == 0xc2u && i + 1 < size && (unsigned char)word[i + 1] < 0xa0u;
        fputc(wide || byte < 0x20u || byte == 0x7fu ? '?' : word[i], stream);
        i += wide ? 1 : 0;
    }
}

/* From `column`, which is 0 or `indent`. */
static void wrap(FILE *stream, const char *text, unsigned column,
                 unsigned indent, unsigned width)
{
    bool begins = column > 0;
    for (const char *word = text; *word != '\0';) {
        size_t size = strcspn(word, " \n");
        unsigned wide = columns(word, size);
        if (column > 0 && !begins && column + 1 + wide > width) {
            fputc('\n', stream);
            column = 0;
        }
        if (size > 0) {
            unsigned gap = column == 0 ? indent : begins ? 0 : 1;
            begins = false;
            fprintf(stream, "%*s", (int)gap, "");
            print_word(stream, word, size);
            column += gap + wide;
        }
        word += size;
        word += strspn(word, " \n");
    }
    fputc('\n', stream);
}

void terminal_wrap(FILE *stream, const char *text, unsigned indent,
                   unsigned width)
{
    wrap(stream, text, 0, indent, width);
}

void terminal_hang(FILE *stream, enum terminal_style style, const char *text,
                   unsigned indent, unsigned width)
{
    bool coloured = style != TERMINAL_PLAIN && wants_colour(stream);
    if (coloured) {
        fprintf(stream, "\033[%sm", style_code(style));
    }
    wrap(stream, text, indent, indent, width);
    if (coloured) {
        fputs("\033[0m", stream);
    }
}
