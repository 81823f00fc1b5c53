#pragma once
#include "cmd/plan/gate.h"
#include "net/loop.h"

namespace cutover {

/// Asks one external gate of the plan now. A program is run without a shell, from the plan's folder, in a process
/// group of its own that is killed when the timeout has passed; exit status 0 opens, and the first line it prints
/// is the evidence. A URL is fetched and the number (or the string that is one) at the JSON pointer (RFC 6901) is
/// held against min and max, both inclusive. Whatever goes wrong closes the gate and is said in `why`.
/// The timeout is real time, whatever `clock` does.
Gate evaluate(const ExternalGate& gate, const Plan& plan, net::Loop& loop, const Clock& clock);

}  // namespace cutover
