"""Reading documents: text, metadata, pages, language and tables of files that nobody vouches for."""
