/** Light or dark, decided before the page is drawn: a script for <head>, and the names it shares with scheme.ts. */

/** Mantine's own key, so that webmail and admin pages agree. */
export const KEY = 'mantine-color-scheme-value'
export const ATTRIBUTE = 'data-mantine-color-scheme'

export const schemeScript = `(function(){var s;try{s=localStorage.getItem('${KEY}')}catch(e){}
var d=s==='dark'||(s!=='light'&&matchMedia('(prefers-color-scheme: dark)').matches);
document.documentElement.setAttribute('${ATTRIBUTE}',d?'dark':'light')})()`
