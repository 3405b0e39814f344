/**
 * Style sheets are imported for their effect only; Vite puts them into files of their own.
 * Nothing is exported from them.
 */
declare module "*.css";
