// The one place where Asio's own code is compiled (ASIO_SEPARATE_COMPILATION).

// First a header of the standard library: Asio's configuration asks one of its macros whether memory comes from
// aligned_alloc or from operator new, and has to find the same answer here as in every other file.
#include <cstdlib>

#include <asio/impl/src.hpp>
