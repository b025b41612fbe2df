/** The command line. */
@NullMarked
package io.ltri.client.command;

import org.jspecify.annotations.NullMarked;
