package dev.cutover.coupon.backoffice;

/**
 * One thing that is wrong with what a template is to say.
 *
 * @param path the field in the request
 * @param sentence what is expected of it
 */
public record RuleProblem(String path, String sentence) {}
