/* What depends on the terminal: colour and width.
 *
 * Colour is for terminals only, and never when NO_COLOR is set to anything or
 * TERM is "dumb". Text that goes elsewhere is the same text without it.
 */
#ifndef TOOLS_TERMINAL_H
#define TOOLS_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

enum terminal_style {
    TERMINAL_PLAIN,
    TERMINAL_GOOD,    /* green */
    TERMINAL_BAD,     /* red */
    TERMINAL_CAUTION, /* yellow */
    TERMINAL_TITLE,   /* bold */
};

bool terminal_is(FILE *stream);

/* Columns of the terminal behind `stream`, from 40 up; 80 if it is none. */
unsigned terminal_width(FILE *stream);

/* Prints `text` in a style if `stream` is a terminal that wants colour. */
void terminal_print(FILE *stream, enum terminal_style style, const char *text);

/* Prints a paragraph `indent` columns in, broken at spaces before `width`.
 * Control characters come out as '?': the text may come from a file. */
void terminal_wrap(FILE *stream, const char *text, unsigned indent,
                   unsigned width);

/* The same for what follows `indent` columns that are already on the line. */
void terminal_hang(FILE *stream, enum terminal_style style, const char *text,
                   unsigned indent, unsigned width);

#endif
