"""The way out of CDKTF: the same app on its continuation and on the next AWS provider line, compared with today's."""
