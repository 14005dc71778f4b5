/* Loaded after a module and so torn down after it: calls what the program has left here. */
void (*at_the_very_end)(void);

__attribute__((destructor)) static void end(void)
{
    if (at_the_very_end)
        at_the_very_end();
}
