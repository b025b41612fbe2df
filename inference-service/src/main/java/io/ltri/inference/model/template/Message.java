package io.ltri.inference.model.template;

/**
 * One message of a conversation.
 *
 * @param role "system", "user", "assistant", or whatever else the template knows
 */
public record Message(String role, String content) {}
