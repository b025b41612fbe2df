/**
 * The command line: asks and chats over the client library, and starts, finds and stops the two
 * services on this machine. The shell launcher builds the project and enters here; of other modules
 * only those that measure start the services by it, through {@link
 * io.ltri.client.command.ServicePair}.
 *
 * <p>Answers go to standard output, everything else to the error stream. Services run in processes
 * of their own, in their own process groups; what is known of them lies in the folder {@code run}
 * of the data folder. No native memory; one main thread, a shutdown hook that cancels what is under
 * way, and the virtual threads of the client.
 */
@NullMarked
package io.ltri.client.command;

import org.jspecify.annotations.NullMarked;
