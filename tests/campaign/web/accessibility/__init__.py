"""Every page that readers and donors see, in each state it has, under the eyes of axe."""
