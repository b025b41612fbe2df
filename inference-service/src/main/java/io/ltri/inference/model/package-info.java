/**
 * What a model is: its configuration, its weights read over memory maps, its tokenizer and its chat
 * template.
 */
@NullMarked
package io.ltri.inference.model;

import org.jspecify.annotations.NullMarked;
